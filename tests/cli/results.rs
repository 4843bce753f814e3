//! What a run leaves to look at, and what compares runs: `dann report`, `dann diff`; export and import.

use crate::sandbox::{Sandbox, target_image};
use serde_json::{Value, json};
use std::fs;

/// Every text between `before` and `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

fn page(sandbox: &Sandbox, file: &str) -> String {
    String::from_utf8(sandbox.read(file)).expect("UTF-8")
}

#[test]
fn a_run_leaves_events_embeddings_and_a_report() {
    let sandbox = Sandbox::new();
    sandbox.train("out", "");
    let entries = fs::read_dir(sandbox.path("out")).expect("a directory");
    let names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(names.iter().filter(|name| name.starts_with("events.out.tfevents.")).count(), 1, "{names:?}");
    for name in
        ["projector_config.pbtxt", "projector/features.tsv", "projector/rows.tsv", "projector/images.png"]
    {
        assert!(!sandbox.read(&format!("out/{name}")).is_empty(), "{name}");
    }
    assert!(page(&sandbox, "out/report.html").contains("</html>"));
    sandbox.train("plain", "--no-report");
    assert!(!sandbox.path("plain/report.html").exists());
}

#[test]
fn a_report_that_cannot_be_written_takes_no_result_from_a_training() {
    let sandbox = Sandbox::new();
    sandbox.train("out", "--no-report");
    fs::remove_file(sandbox.path("out/result.json")).expect("a result");
    // Where a folder lies, there can be no file.
    fs::create_dir(sandbox.path("out/report.html")).expect("a folder");
    let output = sandbox
        .dann("train --resume out/checkpoints/step_00000003.safetensors --json --quiet")
        .assert()
        .success()
        .get_output()
        .clone();
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    let result: Value = serde_json::from_str(printed.lines().last().expect("a line")).expect("JSON");
    assert!(result["directory"] == "out" && result["target_test_accuracy"].is_number(), "{printed}");
    let said = String::from_utf8_lossy(&output.stderr);
    for words in ["report: out/report.html: cannot write", "the training itself is whole; `dann report out`"]
    {
        assert!(said.contains(words), "{words}\n{said}");
    }
    fs::remove_dir(sandbox.path("out/report.html")).expect("a folder");
    sandbox.text("report out");
    assert!(page(&sandbox, "out/report.html").contains("</html>"));
}

/// Two epochs of three steps leave three models, the last of them the run's; each can be measured.
#[test]
fn every_epoch_leaves_a_checkpoint_that_can_be_used() {
    let sandbox = Sandbox::new();
    sandbox.train("out", "--no-report");
    let entries = fs::read_dir(sandbox.path("out/checkpoints")).expect("a directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    assert_eq!(
        names,
        ["step_00000000.safetensors", "step_00000003.safetensors", "step_00000006.safetensors"]
    );
    let measured = |run: &str| sandbox.json(&format!("eval --run {run} --data target")).remove(0);
    assert_eq!(
        measured("out")["accuracy"],
        measured("out/checkpoints/step_00000006.safetensors")["accuracy"]
    );
    sandbox.refused("eval --run tiny.toml --data target", &["tiny.toml: expected a whole safetensors file"]);
}

#[test]
fn a_page_compares_runs_and_asks_nothing_of_the_network() {
    let sandbox = Sandbox::new();
    for method in ["source-only", "dann", "target-only"] {
        sandbox.train(&format!("runs/{method}"), &format!("--method {method} --epochs 6 --no-report"));
    }
    let profile = sandbox.text("profile --preset demo --batch 2 --steps 2 --json");
    sandbox.write("runs/dann/profile.json", profile);
    sandbox.text("report runs/source-only runs/dann runs/target-only --out page.html");
    let page = page(&sandbox, "page.html");
    for words in [
        "source only",
        "DANN",
        "train on target",
        "Label loss",
        "Domain loss",
        "λ (right)",
        "Target test accuracy (for report only)",
        "dann: after training",
        "source-only: before the first step",
        "proxy A-distance",
        "Confusions",
        "Class by class",
        "sgd.update (plain)",
        "dann train --config runs/dann/config.toml --source source --target target --out runs/dann-again",
        "prefers-color-scheme: dark",
        "width=device-width",
        "[training]",
    ] {
        assert!(page.contains(words), "{words:?} is not in the page");
    }
    assert!(!page.contains("not among these runs") && !page.contains("swatch unknown"));
    assert_eq!(between(&page, "<p class=\"legend classes\">", "</p>")[0].matches("swatch class").count(), 10);
    let addresses = between(&page, "src=\"", "\"").into_iter().chain(between(&page, "url(", ")"));
    let addresses: Vec<&str> = addresses.chain(between(&page, "href=\"", "\"")).collect();
    assert!(!addresses.is_empty() && addresses.iter().all(|address| address.starts_with("data:")));
    // Ten images of each domain in each of four panels; right and wrong predictions make up all ten.
    assert_eq!(page.matches("data-place=").count(), 4 * 20);
    assert_eq!(page.matches("<figure><img").count(), 3 * 10);
    // Eight images of each domain as they are read; the recipe shows training the same.
    assert_eq!(page.matches("<img src").count() - 3 * 10, 2 * 8);
    // The same images serve all panels.
    assert_eq!(between(&page, "\n.sprite", " ").len(), 1);
}

#[test]
fn a_page_compares_only_what_can_be_compared_and_repeats_a_run_from_where_it_started() {
    let sandbox = Sandbox::new();
    sandbox.train("alone", "--method source-only --no-report");
    sandbox.train("started", "--start alone --no-report");
    sandbox.json("train --config tiny.toml --source source --target source --out elsewhere --no-report");
    sandbox.text("report alone started --out same.html");
    let same = page(&sandbox, "same.html");
    for words in ["target images of each class, against alone", "--out started-again --start alone"] {
        assert!(same.contains(words), "{words:?} is not in the page");
    }
    sandbox.text("report alone elsewhere --out other.html");
    assert!(!page(&sandbox, "other.html").contains("against alone"));
    // Without the checkpoint of it there is nothing to say of what a run started from.
    fs::remove_file(sandbox.path("started/checkpoints/step_00000000.safetensors")).expect("a checkpoint");
    sandbox.text("report started --out after.html");
    let after = page(&sandbox, "after.html");
    assert!(after.contains("after training") && !after.contains("before the first step"));
    // Runs whose directories share a name, as those of experiments do.
    for (run, folder) in [("alone", "a"), ("started", "b")] {
        fs::create_dir(sandbox.path(folder)).expect("a folder");
        fs::rename(sandbox.path(run), sandbox.path(&format!("{folder}/run"))).expect("a new name");
    }
    sandbox.text("report a/run b/run --out named.html");
    let named = page(&sandbox, "named.html");
    for words in ["<p>a/run, b/run</p>", "b/run: target images of each class, against a/run"] {
        assert!(named.contains(words), "{words:?} is not in the page");
    }
}

#[test]
fn a_page_about_one_run_says_what_is_missing() {
    let sandbox = Sandbox::new();
    sandbox.train("out", "--no-report");
    fs::remove_file(sandbox.path("target/mnist_m/mnist_m_test_labels.txt")).expect("labels");
    sandbox.text("report out");
    let without_labels = page(&sandbox, "out/report.html");
    assert_eq!(without_labels.matches("not among these runs").count(), 2);
    assert!(without_labels.contains("data-place=") && !without_labels.contains("Confusions"));
    // What has no label has the colour of no class.
    assert_eq!(without_labels.matches("class=\"target unknown\"").count(), 2 * 10);
    assert!(!without_labels.contains("class=\"target class") && without_labels.contains("swatch unknown"));
    fs::rename(sandbox.path("target"), sandbox.path("elsewhere")).expect("a new name");
    sandbox.text("report out --out without.html");
    let without_images = page(&sandbox, "without.html");
    assert!(!without_images.contains("data-place=") && without_images.contains("Label loss"));
    sandbox.refused("report source", &["source/result.json: cannot read", "hint: `dann runs DIR`"]);
    sandbox.write("out/profile.json", "[]");
    sandbox.refused(
        "report out --out other.html",
        &["out/profile.json: expected a profile of this program as JSON"],
    );
}

#[test]
fn diff_shows_what_differs_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.train("a", "--no-report");
    sandbox.train("b", "--no-report --seed 4 --set training.lambda.maximum=0.5 --epochs 1");
    let lines = sandbox.json("diff a b");
    let keys: Vec<&str> = lines.iter().filter_map(|line| line["key"].as_str()).collect();
    assert_eq!(keys, ["training.epochs", "training.lambda.maximum", "training.seed"]);
    let epochs = &lines[0];
    assert_eq!((&epochs["before"], &epochs["after"]), (&json!("2"), &json!("1")));
    let steps = lines.iter().find(|line| line["outcome"] == "steps").expect("steps");
    assert_eq!((&steps["before"], &steps["change"]), (&json!(6.0), &json!(-3.0)));
    let text = sandbox.text("diff a b");
    for words in ["training.lambda.maximum", "target test accuracy", "points", "domain loss"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert!(sandbox.text("diff a a").contains("The configurations are the same."));
    sandbox.refused("diff a source", &["source/config.toml: cannot read", "hint: "]);
}

/// A safetensors file as other programs write it.
fn without_description(file: &[u8]) -> Vec<u8> {
    let (length, rest) = file.split_first_chunk().expect("a length");
    let (header, values) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let mut header: Value = serde_json::from_slice(header).expect("a header");
    header.as_object_mut().expect("an object").remove("__metadata__").expect("a description");
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), values].concat()
}

#[test]
fn an_exported_model_is_imported_unchanged() {
    let sandbox = Sandbox::new();
    sandbox.train("run", "--no-report");
    sandbox.text("export --run run --format safetensors --out model.safetensors");
    // The file itself says what it holds.
    sandbox.text("import model.safetensors --out again");
    assert!(sandbox.read("run/model.safetensors") == sandbox.read("again/model.safetensors"));
    target_image(3).save(sandbox.path("three.png")).expect("an image");
    let logits = |run: &str| sandbox.json(&format!("predict --run {run} three.png"))[0]["logits"].clone();
    assert_eq!(logits("run"), logits("again"));
    sandbox.refused(
        "import model.safetensors --out again",
        &["again: expected a new or empty directory", "hint: "],
    );
    // Beside a recipe it still names the classes; a file without a description names none, and can be evaluated.
    let accuracy =
        |run: &str| sandbox.json(&format!("eval --run {run} --data target"))[0]["accuracy"].clone();
    sandbox.text("import model.safetensors --config run/config.toml --out described");
    assert!(
        sandbox.read("run/model.safetensors").ends_with(&sandbox.read("described/model.safetensors")[4000..])
    );
    sandbox.write("bare.safetensors", without_description(&sandbox.read("model.safetensors")));
    sandbox.text("import bare.safetensors --config run/config.toml --out bare");
    assert_eq!([accuracy("bare"), accuracy("described")], [accuracy("run"), accuracy("run")]);
    sandbox.text("export --run run --format safetensors --out second.safetensors");
    assert!(sandbox.read("model.safetensors") == sandbox.read("second.safetensors"));
}

#[test]
fn what_is_no_state_dict_of_the_network_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.train("run", "--no-report");
    sandbox.text("export --run run --format safetensors --out model.safetensors");
    sandbox.write("other.toml", crate::sandbox::CONFIG.replace("outputs = 4", "outputs = 5"));
    let words =
        ["model.safetensors: feature_extractor.conv1.weight: expected a tensor of shape [5, 3, 3, 3]"];
    sandbox.refused("import model.safetensors --config other.toml --out x", &words);
    let fewer = crate::sandbox::CONFIG.replace("{ layer = \"batch_norm2d\" },", "");
    sandbox.write("other.toml", fewer);
    let words = ["expected tensors of this network alone", "found feature_extractor.batch_norm1.bias"];
    sandbox.refused("import model.safetensors --config other.toml --out x", &words);
    let words = ["classes: expected 10 names, found 2"];
    sandbox.refused("import model.safetensors --like run --classes a,b --out x", &words);
    sandbox.edit("model.safetensors", |bytes| bytes.truncate(bytes.len() - 1));
    sandbox.refused(
        "import model.safetensors --out x",
        &["model.safetensors: expected a whole safetensors file"],
    );
    sandbox.refused("import nowhere.safetensors --out x", &["nowhere.safetensors: cannot read"]);
    sandbox.refused("export --run run --format onnx --out no/where.onnx", &["no/where.onnx: cannot write"]);
}

#[test]
fn a_file_without_a_description_needs_a_recipe() {
    let sandbox = Sandbox::new();
    let bytes = 2.0_f32.to_le_bytes();
    let header = r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let length = (header.len() as u64).to_le_bytes();
    sandbox.write("bare.safetensors", [&length[..], header.as_bytes(), &bytes].concat());
    sandbox.refused("import bare.safetensors --out x", &["--like RUN_DIR, --config FILE or --preset NAME"]);
    sandbox
        .refused("import bare.safetensors --config tiny.toml --out x", &["conv1.weight: expected a tensor"]);
    let whole = header.replace("F32", "I32");
    sandbox.write("whole.safetensors", [&length[..], whole.as_bytes(), &bytes].concat());
    sandbox.refused("import whole.safetensors --out x", &["expected floating-point values in w, found I32"]);
}

#[test]
fn the_recipe_that_a_run_leaves_names_the_line_that_repeats_it() {
    let sandbox = Sandbox::new();
    sandbox.train("out", "--seed 9 --no-report");
    let config = page(&sandbox, "out/config.toml");
    assert!(
        config.contains("# dann train --config out/config.toml --source source --target target"),
        "{config}"
    );
    let result: Value = serde_json::from_slice(&sandbox.read("out/result.json")).expect("JSON");
    assert_eq!(result["version"], env!("CARGO_PKG_VERSION"));
}
