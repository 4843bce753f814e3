//! Golden files: those that are wrong, and those that were handed to the project.

use super::{gpu, mixed_variants, no_steps};
use crate::skip::skip;
use dann::check::{Array, CaseResult, Only, Summary, Values, run_golden};
use dann::gpu::{Gpu, ShaderChecks, Variant, choose};
use dann::{golden_photos, golden_steps};
use safetensors::{Dtype, tensor::TensorView};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A golden file of one relu case, with changes.
struct Golden {
    cases: Option<serde_json::Value>,
    tensors: HashMap<String, Array>,
}

impl Golden {
    fn relu() -> Self {
        let cases = serde_json::json!([{
            "name": "relu_0", "op": "relu", "attrs": {}, "inputs": ["x", "dy"], "expect": ["y", "dx"],
        }]);
        let tensor =
            |name: &str, values: [f32; 3]| (format!("relu_0/{name}"), Array::f32(&[3], values.to_vec()));
        let tensors = [
            tensor("x", [1.0, -2.0, 3.0]),
            tensor("dy", [0.5, 0.25, -1.0]),
            tensor("y", [1.0, 0.0, 3.0]),
            tensor("dx", [0.5, 0.0, -1.0]),
        ];
        Self { cases: Some(cases), tensors: tensors.into() }
    }

    fn with(mut self, pointer: &str, value: serde_json::Value) -> Self {
        *self.cases.as_mut().unwrap().pointer_mut(pointer).unwrap() = value;
        self
    }

    fn tensor(mut self, name: &str, array: Array) -> Self {
        self.tensors.insert(format!("relu_0/{name}"), array);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let data = |array: &Array| -> (Dtype, Vec<u8>) {
            match &array.values {
                Values::F32(v) => (Dtype::F32, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
                Values::F64(v) => (Dtype::F64, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
                Values::U32(v) => (Dtype::I32, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
            }
        };
        let stored: Vec<_> = self.tensors.iter().map(|(name, a)| (name, a.dims.clone(), data(a))).collect();
        let views = stored.iter().map(|(name, dims, (dtype, bytes))| {
            (name, TensorView::new(*dtype, dims.clone(), bytes).unwrap())
        });
        let metadata = self.cases.as_ref().map(|cases| HashMap::from([("cases".into(), cases.to_string())]));
        safetensors::serialize(views, metadata).unwrap()
    }
}

/// What running the file says: the error, or all messages of failed cases.
fn complaints(gpu: &Gpu, bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let mut messages = Vec::new();
    let outcome = run_golden(gpu, file.path(), &Only::all(), &no_steps, &mut |result| {
        messages.push(result.message.clone())
    });
    match outcome {
        Ok(summary) => {
            assert_eq!(summary.failed, messages.iter().filter(|message| !message.is_empty()).count());
            messages.concat()
        }
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains(&file.path().display().to_string()), "{error} does not name the file");
            error
        }
    }
}

#[test]
fn a_golden_file_that_is_wrong_fails_and_says_where() {
    let gpu = gpu(ShaderChecks::Trusted, Variant::Register);
    let good = Golden::relu().bytes();
    assert_eq!(complaints(&gpu, &good), "");
    assert_ne!(complaints(&gpu, &good[..good.len() - 5]), "", "truncated data");
    assert_ne!(complaints(&gpu, &good[..20]), "", "truncated header");
    assert_ne!(complaints(&gpu, b""), "", "empty");
    assert!(complaints(&gpu, &Golden { cases: None, ..Golden::relu() }.bytes()).contains("cases"));
    let json = |text: &str| serde_json::from_str(text).unwrap();
    let f32s = |values: &[f32]| Array::f32(&[values.len()], values.to_vec());
    let wrong = [
        (Golden::relu().tensor("y", f32s(&[1.0, 0.0, 3.001])), "y[2]"),
        (Golden::relu().tensor("dx", f32s(&[f32::NAN, 0.0, -1.0])), "dx[0]"),
        (Golden::relu().tensor("y", f32s(&[1.0, 0.0])), "\"y\""),
        (Golden::relu().tensor("dy", Array::f32(&[3, 1], vec![0.0; 3])), "\"dy\""),
        (Golden::relu().tensor("x", Array::f64(&[3], vec![0.0; 3])), "relu_0/x"),
        (Golden::relu().tensor("x", Array::u32(&[3], vec![1; 3])), "\"x\""),
        (Golden::relu().tensor("x", Array::u32(&[3], vec![u32::MAX; 3])), "no negative values"),
        (Golden::relu().tensor("x", Array::f32(&[], vec![1.0])), "\"x\""),
        (Golden::relu().with("/0/op", json("\"swish\"")), "swish"),
        (Golden::relu().with("/0/attrs", json("{\"slope\": 0.1}")), "slope"),
        (Golden::relu().with("/0/inputs", json("[\"x\"]")), "dy"),
        (Golden::relu().with("/0/inputs", json("[\"x\", \"dz\"]")), "relu_0/dz"),
        (Golden::relu().with("/0/expect", json("[\"x\"]")), "\"x\""),
        (Golden::relu().with("/0/expect", json("[]")), "nothing"),
        (Golden::relu().with("/0", json("7")), "cases"),
        (Golden { cases: Some(json("[]")), ..Golden::relu() }, "at least one case"),
        (Golden::relu().with("/0/op", json("\"dann_steps\"")), "training steps"),
    ];
    for (golden, name) in wrong {
        let complaints = complaints(&gpu, &golden.bytes());
        assert!(complaints.contains(name), "{name}: {complaints}");
    }
}

/// The golden files handed to the project, where they are.
fn golden_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "safetensors"))
        .collect()
}

#[test]
fn golden_files_agree() {
    let files = golden_files();
    if files.is_empty() {
        skip("no golden files in ../shared/golden");
    }
    for variant in Variant::ALL.into_iter().chain(mixed_variants()) {
        let gpu = gpu(ShaderChecks::Trusted, variant);
        for path in &files {
            compare_with_golden(&gpu, path);
        }
    }
}

/// All cases of the file, whole training steps too.
fn compare_with_golden(gpu: &Gpu, path: &Path) {
    let mut failures = Vec::new();
    let mut largest = 0.0_f64;
    let mut report = |result: &CaseResult| {
        largest = largest.max(result.ratio.unwrap_or(f64::INFINITY));
        if !result.passed() {
            failures.push(result.json());
        }
    };
    let summary: Summary = run_golden(gpu, path, &Only::all(), &golden_steps::run, &mut report).unwrap();
    assert!(summary.failed == 0, "{}", summary.json());
    let (file, counts) = (path.display(), summary.json());
    eprintln!("{:?}, {file}: {counts}, largest share of bounds {largest:.3}", gpu.variant());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What `part` leaves of a JSON file of whole networks, where there is one, must pass.
fn of_networks(gpu: &Gpu, name: &str, only: &Only, part: impl Fn(&mut serde_json::Value)) {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let Ok(text) = std::fs::read_to_string(shared.join("golden").join(name)) else {
        skip(format_args!("no {name} in ../shared/golden"));
        return;
    };
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    part(&mut value);
    let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    std::fs::write(file.path(), value.to_string()).unwrap();
    let mut failures = Vec::new();
    let mut report = |result: &CaseResult| {
        eprintln!("{:?}: {} {}, share of bound {:?}", gpu.variant(), result.op, result.name, result.ratio);
        if !result.passed() {
            failures.push(result.json());
        }
    };
    let summary =
        golden_photos::run(gpu, file.path(), Some(&shared.join("data")), only, &mut report).unwrap();
    assert!(summary.failed == 0 && failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn whole_networks_agree() {
    let default = choose(std::env::var("DANN_ADAPTER").ok().as_deref()).unwrap().default_variant();
    let gpu = gpu(ShaderChecks::Trusted, default);
    skip("resnet18 and resnet50 of photo_nets.json, which `dann check --golden` runs");
    of_networks(&gpu, "photo_nets.json", &Only::all(), |networks| {
        networks.as_array_mut().unwrap().retain(|network| network["backbone"] == "efficientnet_lite0");
    });
    let exact = Only::ops(&["pixels".to_owned()]);
    of_networks(&gpu, "pretrained.json", &exact, |_| {});
}

#[test]
fn networks_that_are_wrong_fail_and_say_where() {
    let gpu = gpu(ShaderChecks::Trusted, Variant::Plain);
    let run = |text: &str| {
        let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        golden_photos::run(&gpu, file.path(), None, &Only::all(), &mut |_| {}).unwrap_err().to_string()
    };
    assert!(run("[").contains("a golden file"));
    assert!(run("[]").contains("at least one case"));
    assert!(run("[{}]").contains("missing field `name`"));
    assert!(run(r#"{"pictures": [], "pixels": 7}"#).contains("pixels"));
}
