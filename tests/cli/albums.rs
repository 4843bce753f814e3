//! Pictures that lie in no class folders: as a target, and where a test part should be.

use crate::photos::{in_one_line, train, write_classes};
use crate::sandbox::Sandbox;

#[test]
fn a_target_whose_folders_are_no_classes_is_adapted_to_all_the_same() {
    let sandbox = Sandbox::new();
    write_classes(&sandbox, "photos", &["ant", "bee"]);
    write_classes(&sandbox, "album", &["2023", "2024"]);
    let line = "train --config tiny.toml --source photos --target album --out run --validation 0.25";
    let output = sandbox.dann(line).assert().success().get_output().clone();
    let said = in_one_line(&output);
    assert!(
        said.contains("album: the test part's classes (2023, 2024) are none of those that are learned"),
        "{said}"
    );
    let result: serde_json::Value = serde_json::from_slice(&sandbox.read("run/result.json")).expect("JSON");
    assert!(
        result["source_test_accuracy"].is_number() && result["target_test_accuracy"].is_null(),
        "{result}"
    );
    // The report shows its pictures without labels.
    assert!(
        said.contains("(2023, 2024) are none of those that are learned (ant, bee); the report shows"),
        "{said}"
    );
    let page = |run: &str| String::from_utf8(sandbox.read(&format!("{run}/report.html"))).expect("UTF-8");
    assert!(page("run").contains("target: 4 images of the test part (album)"));
    write_classes(&sandbox, "camera", &["DCIM"]);
    write_classes(&sandbox, "parts/train", &["ant", "bee"]);
    write_classes(&sandbox, "parts/test", &["dog"]);
    for (target, images) in
        [("camera", "8 images of the training part"), ("parts", "8 images of the test part")]
    {
        let line = format!("train --config tiny.toml --source photos --target {target} --out {target}-run");
        sandbox.text(&line);
        assert!(page(&format!("{target}-run")).contains(&format!("target: {images} ({target}")), "{target}");
    }
}

#[test]
fn of_runs_on_a_source_without_a_test_part_the_rules_choose_that_need_none() {
    let sandbox = Sandbox::new();
    write_classes(&sandbox, "photos", &["ant", "bee", "cow"]);
    train(&sandbox, "run", "");
    train(&sandbox, "alone", "--method source-only");
    let lines = sandbox.json("select run alone");
    let chosen = lines.iter().filter(|line| line.get("chosen_run").is_some());
    let rules: Vec<_> = chosen.map(|line| line["chosen_by"].as_str().expect("a rule")).collect();
    assert_eq!(rules, ["target-entropy", "information", "proxy-distance"]);
    let text = sandbox.text("select run");
    for words in [
        "24 training and no validation images of the source",
        "n/a under domain-risk, weighted-risk: the source has no test part with labels (training with --validation 0.1",
    ] {
        assert_eq!(text.matches(words).count(), 1, "{words}\n{text}");
    }
    let written: serde_json::Value =
        serde_json::from_slice(&sandbox.read("run/selection.json")).expect("JSON");
    assert_eq!(written["images"]["source_validation"], 0);
    assert_eq!(written["ratings"][0]["missing"].as_object().map(serde_json::Map::len), Some(2), "{written}");
    // Values by other images do not compare.
    train(&sandbox, "aside", "--validation 0.25");
    let said = in_one_line(sandbox.dann("select run aside").assert().success().get_output());
    let words = "expected a run rated by 24 training and 0 validation images of photos and 24 images of photos, \
                 found 18 training and 6 validation images";
    assert!(said.contains(words), "{said}");
}

#[test]
fn a_test_part_without_labels_and_an_album_of_any_depth_do_not_stop_a_training() {
    let sandbox = Sandbox::new();
    for part in ["train", "val"] {
        write_classes(&sandbox, &format!("photos/{part}"), &["ant", "bee"]);
    }
    write_classes(&sandbox, "photos", &["test"]);
    write_classes(&sandbox, "", &["album"]);
    write_classes(&sandbox, "album", &["2024"]);
    let line = "train --config tiny.toml --source photos --target album --out run";
    let said = in_one_line(sandbox.dann(line).assert().success().get_output());
    let words = "photos/test: no class folders, so no labels: left out, and photos/val is the test part";
    assert!(said.contains(words) && said.contains("album: 16 images"), "{said}");
    let result: serde_json::Value = serde_json::from_slice(&sandbox.read("run/result.json")).expect("JSON");
    assert!(result["source_test_accuracy"].is_number(), "{result}");
    let page = String::from_utf8(sandbox.read("run/report.html")).expect("UTF-8");
    assert!(page.contains("target: 16 images of the training part (album)"));
    write_classes(&sandbox, "photos", &["preview"]);
    let line = line.replace("--out run", "--out other");
    sandbox.refused(&line, &["photos/preview: expected no images beside the parts train, test, val"]);
}

#[test]
fn the_report_does_without_pictures_where_none_of_those_that_it_samples_can_be_read() {
    let sandbox = Sandbox::new();
    write_classes(&sandbox, "photos", &["ant", "bee"]);
    // Eight of the sixteen are sampled, each second one.
    for class in ["ant", "bee"] {
        (0..8).step_by(2).for_each(|index| sandbox.write(&format!("photos/{class}/{index}.png"), b""));
    }
    let line = "train --config tiny.toml --source photos --target photos --out run --skip-bad";
    let said = in_one_line(sandbox.dann(line).assert().success().get_output());
    assert!(said.contains("8 of 16 images cannot be read"), "{said}");
    let page = String::from_utf8(sandbox.read("run/report.html")).expect("UTF-8");
    assert!(page.contains("8 images of the training part (photos)") && !page.contains("source, as read"));
}
