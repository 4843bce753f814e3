//! Folders of pictures as people have them, from training to prediction.

use crate::sandbox::Sandbox;
use image::{Rgb, RgbImage};

/// Eight pictures of each of `classes` in folders below `folder`, each class of a colour of its own.
fn write_classes(sandbox: &Sandbox, folder: &str, classes: &[&str]) {
    for (class, name) in (0u8..).zip(classes) {
        let directory = sandbox.path(folder).join(name);
        std::fs::create_dir_all(&directory).expect("a folder");
        for index in 0u8..8 {
            let colour = Rgb([40 * class, 255 - 40 * class, 10 * index]);
            let picture = RgbImage::from_pixel(11 + u32::from(index), 9, colour);
            picture.save(directory.join(format!("{index}.png"))).expect("a picture");
        }
    }
}

fn train(sandbox: &Sandbox, out: &str, more: &str) -> serde_json::Value {
    let recipe = if more.contains("--config") { "" } else { "--config tiny.toml" };
    let line = format!("train {recipe} --source photos --target photos --out {out} --no-report {more}");
    sandbox.json(&line).pop().expect("a result")
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
    train(&sandbox, "ten", "--set model.classes=10");
    assert_eq!(outputs(&sandbox, "ten"), 10);
    train(&sandbox, "named", "--set model.classes=auto");
    assert_eq!(sandbox.read("named/model.safetensors"), sandbox.read("auto/model.safetensors"));
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
