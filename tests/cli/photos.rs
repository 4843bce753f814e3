//! Folders of pictures as people have them, from training to prediction.

use crate::sandbox::{CONFIG, Sandbox};
use image::{Rgb, RgbImage};

/// Eight pictures of each of `classes` in folders below `folder`, each class of a colour of its own.
pub fn write_classes(sandbox: &Sandbox, folder: &str, classes: &[&str]) {
    for (class, name) in (0u8..).zip(classes) {
        let directory = sandbox.path(folder).join(name);
        std::fs::create_dir_all(&directory).expect("a folder");
        for index in 0u8..8 {
            let shade = class.wrapping_mul(40);
            let colour = Rgb([shade, 255 - shade, 10 * index]);
            let picture = RgbImage::from_pixel(11 + u32::from(index), 9, colour);
            picture.save(directory.join(format!("{index}.png"))).expect("a picture");
        }
    }
}

pub fn train(sandbox: &Sandbox, out: &str, more: &str) -> serde_json::Value {
    let recipe = if more.contains("--config") { "" } else { "--config tiny.toml" };
    let line = format!("train {recipe} --source photos --target photos --out {out} --no-report {more}");
    sandbox.json(&line).pop().expect("a result")
}

/// All that was said, whatever the width of lines.
pub fn in_one_line(output: &std::process::Output) -> String {
    let said = [&output.stderr[..], &output.stdout].concat();
    String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn outputs(sandbox: &Sandbox, run: &str) -> usize {
    let seen = sandbox.json(&format!("predict --run {run} photos/ant/1.png"));
    seen[0]["probabilities"].as_array().expect("probabilities").len()
}

#[test]
fn a_model_has_as_many_outputs_as_the_data_have_classes_unless_the_recipe_says_how_many() {
    let sandbox = Sandbox::new();
    write_classes(&sandbox, "photos", &["ant", "bee", "cow"]);
    train(&sandbox, "auto", "");
    assert_eq!(outputs(&sandbox, "auto"), 3);
    let config = String::from_utf8(sandbox.read("auto/config.toml")).expect("UTF-8");
    assert!(config.contains("outputs = 3") && !config.contains("classes"), "{config}");
    let ten = "train --config tiny.toml --source photos --target photos --out ten --no-report --set model.classes=10";
    let said = sandbox.dann(ten).assert().success().get_output().stderr.clone();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("3 classes for the 10 outputs of model.classes, of which 7 never learn"), "{said}");
    assert_eq!(outputs(&sandbox, "ten"), 10);
    train(&sandbox, "named", "--set model.classes=auto");
    assert_eq!(sandbox.read("named/model.safetensors"), sandbox.read("auto/model.safetensors"));
    // Of how many classes there are weights is held against the data.
    train(&sandbox, "weighted", "--set training.class_weights=[1.0,2.0,1.0]");
    let four = "train --config tiny.toml --source photos --target photos --out x --set training.class_weights=[1.0,2.0,1.0,1.0]";
    sandbox.refused(four, &["training.class_weights: expected a number above 0 for each of 3 classes"]);
    // What a run has written down repeats it, and goes on.
    train(&sandbox, "again", "--config auto/config.toml");
    assert_eq!(sandbox.read("again/model.safetensors"), sandbox.read("auto/model.safetensors"));
    std::fs::remove_file(sandbox.path("ten/result.json")).expect("a result");
    let line = "train --resume ten/checkpoints/step_00000006.safetensors --no-report";
    sandbox.json(line);
    assert_eq!(outputs(&sandbox, "ten"), 10);
    let refused = "train --config tiny.toml --source photos --target photos --out x --set model.classes=2";
    sandbox.refused(refused, &["photos: expected at most 2 classes", "may be \"auto\"", "found 3"]);
    let refused = "train --config tiny.toml --source photos --target photos --out x --set model.classes=many";
    sandbox.refused(refused, &["expected \"auto\" or a number of classes", "many"]);
}

#[test]
fn classes_without_a_training_image_are_told_and_have_no_output() {
    let sandbox = Sandbox::new();
    write_classes(&sandbox, "photos/train", &["ant", "cow"]);
    write_classes(&sandbox, "photos/test", &["ant", "bee", "cow"]);
    let line = "train --config tiny.toml --source photos --target photos --out run --no-report";
    let said = in_one_line(sandbox.dann(line).assert().success().get_output());
    assert!(said.contains("8 of 24 images are of classes that training does not know (bee)"), "{said}");
    let classes = sandbox.json("eval --run run --data photos").remove(0)["per_class"].clone();
    let counts: Vec<_> = classes.as_array().expect("a list").iter().map(|class| &class["images"]).collect();
    assert_eq!(counts, [8, 8]);
}

#[test]
fn eval_takes_folders_that_lack_classes_or_have_more() {
    let sandbox = Sandbox::new();
    write_classes(&sandbox, "photos", &["ant", "bee", "cow"]);
    train(&sandbox, "run", "");
    write_classes(&sandbox, "others", &["bee", "dog"]);
    let output = sandbox.dann("eval --run run --data others --json").assert().success().get_output().clone();
    let evaluation: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let classes: Vec<(&str, u64)> = evaluation["per_class"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|class| (class["class"].as_str().expect("a name"), class["images"].as_u64().expect("a count")))
        .collect();
    assert_eq!(classes, [("ant", 0), ("bee", 8), ("cow", 0)]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("8 of 16 images are of classes that training does not know (dog)"), "{said}");
    write_classes(&sandbox, "strange", &["dog", "elk"]);
    sandbox.refused("eval --run run --data strange", &["expected the classes ant, bee, cow", "class dog"]);
}

#[test]
fn predict_finds_pictures_in_folders_of_folders_and_lists_what_it_cannot_read() {
    let sandbox = Sandbox::new();
    write_classes(&sandbox, "photos", &["ant", "bee", "cow"]);
    train(&sandbox, "run", "");
    write_classes(&sandbox, "album/2024/summer", &["beach"]);
    let picture = RgbImage::from_fn(300, 200, |x, y| Rgb([x as u8, y as u8, 90]));
    for name in ["large.jpg", "large.webp", "large.bmp", "large.tif", "large.gif"] {
        picture.save(sandbox.path("album").join(name)).expect("a picture");
    }
    std::fs::write(sandbox.path("album/2024/empty.jpg"), b"").expect("a file");
    std::fs::write(sandbox.path("album/2024/page.png"), b"<!doctype html>").expect("a file");
    let output = sandbox.dann("predict --run run album --json --skip-bad --probabilities").assert().success();
    let output = output.get_output().clone();
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(lines.len(), 13);
    assert!(lines.iter().all(|line| line["by_class"]["cow"].is_number()), "{text}");
    assert!(lines.iter().any(|line| line["file"] == "album/2024/summer/beach/7.png"), "{text}");
    let said = String::from_utf8_lossy(&output.stderr);
    for words in ["empty.jpg: expected an image", "an empty file", "page.png", "a web page", "2 of 15 images"]
    {
        assert!(said.contains(words), "{words} is not in\n{said}");
    }
}

#[test]
fn the_report_shows_pictures_of_folders_without_a_test_part() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..20).map(|k| format!("a-class-with-a-rather-long-name-{k:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    write_classes(&sandbox, "photos", &names);
    let line = "train --config tiny.toml --source photos --target photos --out run \
                --set training.augmentation.flip=0.5 --set training.augmentation.crop=0.5";
    sandbox.json(line);
    let page = String::from_utf8(sandbox.read("run/report.html")).expect("UTF-8");
    for words in [
        "target: 160 images of the training part (photos), as there is no test part",
        "(training part)",
        "source, as read: photos, 8×8",
        "target, as training sees them (2 of 2 random views)",
        "Most frequent confusions",
        "a-class-with-a-rather-long-name-19",
        ".class19 { --hue: ",
    ] {
        assert!(page.contains(words), "{words} is not in the page");
    }
    assert!(!page.contains("Confusions (label down") && page.contains("data-place="));
    // Eight images and two views of each, of each domain.
    let rows = page.split("class=\"row").skip(1).map(|row| row.split("</div>").next().unwrap_or_default());
    assert_eq!(rows.map(|row| row.matches("<img").count()).collect::<Vec<_>>(), [8; 6]);
}

#[test]
fn what_cannot_be_read_is_left_out_of_training_and_evaluation_on_request() {
    let sandbox = Sandbox::new();
    write_classes(&sandbox, "photos", &["ant", "bee"]);
    sandbox.write("photos/ant/bad.png", b"");
    let line = "train --config tiny.toml --source photos --target photos --out run --no-report";
    sandbox.refused(line, &["bad.png: expected an image", "an empty file", "--skip-bad"]);
    let said = in_one_line(sandbox.dann(&format!("{line} --skip-bad")).assert().success().get_output());
    assert!(said.contains("photos: 1 of 17 images cannot be read and are left out"), "{said}");
    // The run's recipe keeps the request.
    assert_eq!(sandbox.json("eval --run run --data photos --all").remove(0)["images"], 16);
}

#[test]
fn a_run_remembers_what_was_set_aside() {
    let sandbox = Sandbox::new();
    write_classes(&sandbox, "photos", &["ant", "bee", "cow"]);
    let result = train(&sandbox, "run", "--validation 0.25");
    let images = |line: &str| {
        let evaluation = sandbox.json(line).pop().expect("an evaluation");
        (evaluation["images"].as_u64().expect("a number"), evaluation["accuracy"].as_f64().expect("a share"))
    };
    let (count, accuracy) = images("eval --run run --data photos");
    assert_eq!((count, Some(accuracy)), (6, result["target_test_accuracy"].as_f64()));
    assert_eq!(images("eval --run run --data photos --all").0, 24);
    // The run goes on with the same images, and another seed sets others aside.
    std::fs::remove_file(sandbox.path("run/result.json")).expect("a result");
    let model = sandbox.read("run/model.safetensors");
    sandbox.json("train --resume run/checkpoints/step_00000004.safetensors --no-report");
    assert_eq!(sandbox.read("run/model.safetensors"), model);
    assert!(sandbox.text("select run").contains("rated by 18 training and 6 validation images"));
    let refused = |more: &str, words: &[&str]| {
        sandbox.refused(&format!("train --config tiny.toml --source {more}"), words);
    };
    refused(
        "photos --target photos --out x --validation 1",
        &["data.validation: expected a share above 0 and below 1"],
    );
    for part in ["train", "test"] {
        write_classes(&sandbox, &format!("parts/{part}"), &["ant", "bee"]);
    }
    let words =
        ["data.validation", "without a test part (as parts/train by itself)", "found a test part in parts"];
    refused("parts --target parts --out x --validation 0.1", &words);
}

#[test]
fn pictures_that_are_streamed_give_the_same_run_and_a_model_of_one_channel_takes_colour() {
    let sandbox = Sandbox::new();
    write_classes(&sandbox, "photos", &["ant", "bee", "cow"]);
    // Behind the header, whose recipes differ.
    let values = |run: &str| {
        let bytes = sandbox.read(&format!("{run}/model.safetensors"));
        let header = u64::from_le_bytes(*bytes.first_chunk().expect("a length")) as usize;
        bytes[8 + header..].to_vec()
    };
    let result = train(&sandbox, "resident", "--validation 0.25");
    let line = "train --config tiny.toml --source photos --target photos --out streamed --validation 0.25 \
                --set data.memory_mib=0";
    let output = sandbox.dann(line).assert().success().get_output().clone();
    let said = in_one_line(&output);
    assert!(
        said.contains("decoded to a file of 1 MiB in") && said.contains("% waiting for images"),
        "{said}"
    );
    assert_eq!(values("streamed"), values("resident"));
    let evaluation = sandbox.json("eval --run streamed --data photos").pop().expect("an evaluation");
    assert_eq!(evaluation["accuracy"], result["target_test_accuracy"]);
    assert!(sandbox.text("select streamed").contains("rated by 18 training and 6 validation images"));
    let grey = "--set model.input.channels=1 --set model.input.normalization={scale=[2.0],shift=[-1.0]}";
    let line =
        format!("train --config tiny.toml --source photos --target photos --out grey --no-report {grey}");
    let output = sandbox.dann(&line).assert().success().get_output().clone();
    let said = in_one_line(&output);
    assert!(said.contains("grey (24 of them made so"), "{said}");
    // The report reads pictures once more, and shows views of them.
    let line = format!(
        "{} --set training.augmentation.flip=0.5",
        line.replace("--out grey --no-report", "--out views")
    );
    sandbox.dann(&line).assert().success();
    assert!(String::from_utf8_lossy(&sandbox.read("views/report.html")).contains("as training sees them"));
    let profile = "profile --config tiny.toml --source photos --target photos --steps 3";
    let told = sandbox.json(profile).pop().expect("a line");
    assert!(told["waiting_ms_a_step"].is_null() && told["ms_a_step"].is_number(), "{told}");
    sandbox.write("streamed.toml", CONFIG.to_owned() + "[data]\nmemory_mib = 0\n");
    let told = sandbox.json(&profile.replace("tiny", "streamed")).pop().expect("a line");
    assert!(told["waiting_ms_a_step"].is_number() && told["frozen_layers_ms"].is_null(), "{told}");
    // What frozen layers give is kept, and images are read before the first step alone.
    let groups = "[training]\nparameter_groups = [{ parameters = \"feature_extractor\", frozen = true }]";
    sandbox.write("kept.toml", CONFIG.replace("[training]", groups) + "[data]\nmemory_mib = 0\n");
    let kept = profile.replace("tiny", "kept");
    let told = sandbox.json(&kept).pop().expect("a line");
    assert!(told["waiting_ms_a_step"] == 0.0 && told["frozen_layers_ms"].is_number(), "{told}");
    assert!(told["waiting_frozen_layers_ms"].as_f64().is_some_and(|waited| waited > 0.0), "{told}");
    let text = sandbox.text(&kept).split_whitespace().collect::<Vec<_>>().join(" ");
    let words =
        "none of it waiting for images, as what frozen layers give of them is kept; computing that took";
    assert!(text.contains(words) && !text.contains("which are in memory"), "{text}");
}
