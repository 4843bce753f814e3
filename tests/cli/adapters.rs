//! `dann devices`, `--adapter`, and machines without an adapter.

use crate::sandbox::Sandbox;
use crate::skip::skip;

#[test]
fn devices_lists_an_adapter_that_can_be_used() {
    let sandbox = Sandbox::new();
    let adapters = sandbox.json("devices");
    assert!(adapters.iter().any(|adapter| adapter["usable"] == true), "{adapters:?}");
    for (index, adapter) in adapters.iter().enumerate() {
        assert_eq!(adapter["index"], index);
    }
    let text = sandbox.text("devices");
    assert!(text.contains(adapters[0]["name"].as_str().expect("a name")), "{text}");
}

#[test]
fn an_adapter_is_chosen_by_index_or_name() {
    let sandbox = Sandbox::new();
    let adapters = sandbox.json("devices");
    let usable = adapters.iter().find(|adapter| adapter["usable"] == true).expect("a usable adapter");
    let index = &usable["index"];
    let by_index = sandbox.train("by-index", &format!("--adapter {index} --steps 1"));
    let by_name = sandbox
        .dann(&format!("{} --out by-name --steps 1", Sandbox::TRAIN))
        .args(["--adapter", usable["name"].as_str().expect("a name")])
        .output()
        .expect("the program starts");
    // Two adapters of one name are told apart by their index alone.
    let namesakes = adapters.iter().filter(|adapter| adapter["name"] == usable["name"]).count();
    assert_eq!(by_name.status.success(), namesakes == 1);
    let ran_on = by_index.last().expect("a result")["adapter"].as_str().expect("a name").to_owned();
    assert!(ran_on.contains(usable["name"].as_str().expect("a name")), "{ran_on}");
}

#[test]
fn an_adapter_that_is_not_there_is_refused() {
    let sandbox = Sandbox::new();
    let expected = "expected the index, or words from the name, of exactly one adapter";
    for wanted in ["no-such-adapter", "4711"] {
        let words = [&format!("--adapter {wanted}: "), expected, "found none of: 0 "];
        sandbox.refuses_to_train(&format!("--adapter {wanted}"), &words);
    }
}

/// The Vulkan loader finds no driver where it is told to look for one.
#[cfg(target_os = "linux")]
#[test]
fn without_an_adapter_the_error_says_what_to_install() {
    let sandbox = Sandbox::new();
    sandbox.train("run", "--steps 1");
    let train = format!("{} --out out", Sandbox::TRAIN);
    for arguments in ["devices", "devices --json", &train, "eval --run run --data target"] {
        let mut command = sandbox.dann(arguments);
        command.env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent");
        let output = command.env("WGPU_BACKEND", "vulkan").assert().failure().code(1).get_output().clone();
        let said = String::from_utf8_lossy(&output.stderr);
        for words in ["no GPU adapter found", "WGPU_BACKEND=vulkan", "apt-get install mesa-vulkan-drivers"] {
            assert!(said.contains(words), "{arguments}: {words:?} is not in\n{said}");
        }
        assert!(output.stdout.is_empty() && !sandbox.path("out").exists());
    }
}

/// OpenGL, where there is one, lacks the storage textures of the kernels that tile in registers.
#[test]
fn an_adapter_without_storage_textures_trains_with_plain_kernels_and_says_so() {
    let sandbox = Sandbox::new();
    let on_gl = |arguments: &str| {
        let mut command = sandbox.dann(arguments);
        command.env("WGPU_BACKEND", "gl").env("RUST_LOG", "warn");
        command.output().expect("the program starts")
    };
    let listed = String::from_utf8(on_gl("devices --json").stdout).expect("UTF-8 on stdout");
    let adapters: Vec<serde_json::Value> =
        listed.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let Some(obstacle) = adapters
        .iter()
        .find(|adapter| adapter["usable"] == true)
        .and_then(|adapter| adapter["variant_obstacles"]["register"].as_str())
    else {
        skip("no OpenGL adapter without storage textures on this machine");
        return;
    };
    for (variant, warned) in [("register", true), ("plain", false)] {
        let output = on_gl(&format!("{} --out {variant} --steps 2 --variant {variant}", Sandbox::TRAIN));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert_eq!(said.contains(&format!("plain kernels, which are slower: {obstacle}")), warned, "{said}");
    }
}

#[test]
fn mixed_precision_is_asked_for_in_words_and_not_for_training() {
    let sandbox = Sandbox::new();
    let refused = |arguments: &str, words: &[&str]| {
        let output = sandbox.dann(arguments).assert().failure().code(1).get_output().clone();
        let said = String::from_utf8_lossy(&output.stderr);
        words.iter().for_each(|word| assert!(said.contains(word), "{word:?} is not in\n{said}"));
    };
    let bench = "bench --batch 2 --json";
    let for_mixed = ["--variant: ", "with --precision f32", "found half, which is for --precision mixed"];
    refused(&format!("{bench} --variant half"), &for_mixed);
    let for_f32 = ["--variant: ", "with --precision mixed", "found plain, which is for --precision f32"];
    refused(&format!("{bench} --variant plain --precision mixed"), &for_f32);
    let for_training = ["--precision: expected f32 to train in", "found mixed"];
    sandbox.refuses_to_train("--precision mixed", &for_training);
    let adapters = sandbox.json("devices");
    let obstacles = &adapters[0]["variant_obstacles"];
    if let Some(obstacle) = obstacles["half"].as_str() {
        refused(&format!("{bench} --precision mixed"), &["mixed precision: ", obstacle]);
    } else {
        let fastest = if obstacles["cooperative"].is_null() { "cooperative" } else { "half" };
        assert_eq!(sandbox.json("bench --batch 2 --precision mixed")[0]["variant"], fastest);
    }
    if let Some(obstacle) = obstacles["cooperative"].as_str() {
        refused(&format!("{bench} --variant cooperative --precision mixed"), &["--variant: ", obstacle]);
    }
}
