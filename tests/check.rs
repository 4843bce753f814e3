//! Every op on this machine's default adapter, with and without wgpu's shader checks, and golden files.

use dann::check::{
    Array, Bound, Case, CaseResult, GoldenCase, OPS, Only, Summary, Values, cases, compare, find, record,
    run_all, run_golden,
};
use dann::error::{Error, Result};
use dann::gpu::{Gpu, Options, ShaderChecks, Variant, choose};
use dann::ops::KERNELS;
use safetensors::{Dtype, tensor::TensorView};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

fn gpu(checks: ShaderChecks, variant: Variant) -> Gpu {
    let adapter = choose(std::env::var("DANN_ADAPTER").ok().as_deref()).unwrap();
    Gpu::open(&adapter, Options::default().checks(checks).variant(variant)).unwrap()
}

/// Stands in for the training steps, which have a test of their own.
fn no_steps(_: &Gpu, golden: &GoldenCase) -> Result<Vec<dann::check::Comparison>> {
    Err(Error::input(&golden.case.op, "an op", "training steps"))
}

fn run_every_case(checks: ShaderChecks, variant: Variant) {
    let gpu = gpu(checks, variant);
    let (mut failures, mut largest) = (Vec::new(), BTreeMap::new());
    let summary = run_all(&gpu, &Only::all(), &mut |result: &CaseResult| {
        let share: &mut f64 = largest.entry((format!("{:?}", result.kind), result.op.clone())).or_default();
        *share = share.max(result.ratio.unwrap_or(f64::INFINITY));
        if !result.passed() {
            failures.push(result.json());
        }
    });
    let summary = summary.unwrap();
    let (name, counts) = (gpu.name(), summary.json());
    eprintln!("{variant:?}, {checks:?} on {name}: {counts}; largest shares of bounds: {largest:.3?}");
    assert!(summary.failed == 0 && failures.is_empty(), "{}", failures.join("\n"));
    assert!(summary.cases > 100, "{} cases", summary.cases);
}

/// The families that round operands to f16, as far as the adapter has them.
fn mixed_variants() -> Vec<Variant> {
    let adapter = choose(std::env::var("DANN_ADAPTER").ok().as_deref()).unwrap();
    let (mixed, lacking): (Vec<_>, Vec<_>) =
        Variant::MIXED.into_iter().partition(|&variant| adapter.variant_obstacle(variant).is_none());
    for variant in lacking {
        eprintln!("skipped: {adapter} cannot run {variant} kernels");
    }
    mixed
}

#[test]
fn every_case_passes_in_mixed_precision() {
    for variant in mixed_variants() {
        run_every_case(ShaderChecks::Checked, variant);
        run_every_case(ShaderChecks::Trusted, variant);
    }
}

#[test]
fn every_case_passes_plain_with_checks() {
    run_every_case(ShaderChecks::Checked, Variant::Plain);
}

#[test]
fn every_case_passes_plain_without_checks() {
    run_every_case(ShaderChecks::Trusted, Variant::Plain);
}

#[test]
fn every_case_passes_register_with_checks() {
    run_every_case(ShaderChecks::Checked, Variant::Register);
}

#[test]
fn every_case_passes_register_without_checks() {
    run_every_case(ShaderChecks::Trusted, Variant::Register);
}

#[test]
fn every_case_passes_workgroup_with_checks() {
    run_every_case(ShaderChecks::Checked, Variant::Workgroup);
}

#[test]
fn every_case_passes_workgroup_without_checks() {
    run_every_case(ShaderChecks::Trusted, Variant::Workgroup);
}

#[test]
fn every_case_passes_subgroup_with_checks() {
    run_every_case(ShaderChecks::Checked, Variant::Subgroup);
}

#[test]
fn every_case_passes_subgroup_without_checks() {
    run_every_case(ShaderChecks::Trusted, Variant::Subgroup);
}

#[test]
fn every_op_has_cases_and_every_dispatch_states_its_work() {
    for op in OPS {
        assert!(cases().any(|case| case.op == op.name()), "{} has no case", op.name());
    }
    for variant in Variant::ALL.into_iter().chain(mixed_variants()) {
        let gpu = gpu(ShaderChecks::Trusted, variant);
        for case in cases().filter(|case| case.name != "folded dispatch") {
            let rig = record(find(&case.op).unwrap(), &gpu, &case).unwrap();
            for dispatch in rig.rec.dispatches() {
                let (kernel, work) = (dispatch.kernel.label, &dispatch.work);
                let stated = work.bytes >= 4 && !work.shape.is_empty();
                assert!(stated, "{kernel} of {} {}, {variant:?}: {work:?}", case.op, case.name);
            }
        }
    }
}

/// The labels of the kernels that the case records.
fn dispatched(gpu: &Gpu, case: &Case) -> Vec<&'static str> {
    let rig = record(find(&case.op).unwrap(), gpu, case).unwrap();
    rig.rec.dispatches().iter().map(|dispatch| dispatch.kernel.label).collect()
}

#[test]
fn the_cases_of_all_families_run_every_kernel() {
    let possible: Vec<Variant> = Variant::ALL.into_iter().chain(mixed_variants()).collect();
    let mut missing: BTreeSet<_> = KERNELS
        .iter()
        .filter(|kernel| possible.contains(&kernel.variant))
        .map(|kernel| kernel.label)
        .collect();
    for variant in possible {
        let gpu = gpu(ShaderChecks::Trusted, variant);
        for case in cases().filter(|case| case.name != "folded dispatch") {
            for label in dispatched(&gpu, &case) {
                missing.remove(label);
            }
        }
    }
    assert!(missing.is_empty(), "in no case: {missing:?}");
}

#[test]
fn the_large_case_is_folded_into_two_dimensions() {
    let gpu = gpu(ShaderChecks::Trusted, Variant::Register);
    let case = cases().find(|case| case.name == "folded dispatch").unwrap();
    let rig = record(find(&case.op).unwrap(), &gpu, &case).unwrap();
    let most = gpu.device().limits().max_compute_workgroups_per_dimension;
    if case.inputs["x"].len() > 64 * most as usize {
        assert!(rig.rec.dispatches().iter().all(|dispatch| dispatch.workgroups[1] > 1));
    }
}

#[test]
fn a_planted_nan_fails() {
    let expected = Array::f64(&[3], vec![1.0, 2.0, 3.0]);
    for planted in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2.1] {
        let actual = Array::f32(&[3], vec![1.0, planted, 3.0]);
        let comparison = compare("y", &actual, &expected, &Bound::golden(&[1.0, 2.0, 3.0])).unwrap();
        let failure = comparison.failure.unwrap();
        assert!(failure.contains("y[1]"), "{failure}");
    }
}

#[test]
fn what_does_not_fit_an_op_is_named() {
    let gpu = gpu(ShaderChecks::Trusted, Variant::Register);
    let conv = || cases().find(|case| case.op == "conv2d" && case.name == "ragged").unwrap();
    let softmax =
        || cases().find(|case| case.op == "softmax_cross_entropy" && case.name == "ragged").unwrap();
    let without = |mut case: Case, tensor: &str| {
        case.inputs.remove(tensor);
        case
    };
    let wrong = [
        (conv().attribute("stride", 0), "stride"),
        (conv().attribute("stride", 2), "dy"),
        (conv().attribute("groups", 2), "groups"),
        (conv().attribute("padding", -1), "padding"),
        (conv().attribute("padding", 0.5), "padding"),
        (conv().attribute("padding", u32::MAX), "dy"),
        (conv().attribute("dilation", 1), "dilation"),
        (conv().normal("gamma", &[3], 1.0), "gamma"),
        (conv().normal("weight", &[7, 5, 3], 1.0), "weight"),
        (conv().normal("weight", &[7, 4, 3, 3], 1.0), "groups of 4 channels"),
        (conv().normal("dy", &[3, 7, 17, 16], 1.0), "dy"),
        (conv().indices("bias", &[7], 3), "bias"),
        (conv().input("bias", Array::f32(&[0], vec![])), "bias"),
        (without(conv(), "bias"), "bias"),
        (softmax().indices("labels", &[17], 16).input("labels", Array::u32(&[17], vec![15; 17])), "labels"),
        (softmax().normal("labels", &[17], 1.0), "labels"),
    ];
    for (case, name) in wrong {
        let op = find(&case.op).unwrap();
        let on_device = record(op, &gpu, &case).err().unwrap().to_string();
        assert!(on_device.contains(name), "{name}: {on_device}");
    }
}

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
        eprintln!("skipped: no golden files in ../shared/golden");
    }
    for variant in Variant::ALL.into_iter().chain(mixed_variants()) {
        let gpu = gpu(ShaderChecks::Trusted, variant);
        for path in &files {
            compare_with_golden(&gpu, path);
        }
    }
}

/// Of the ops that photographs need, those that there are.
const PHOTO_OPS: [&str; 5] = ["conv2d", "global_avg_pool2d", "add_relu", "sgd_nesterov", "adamw"];

/// The ops of the file that are compared.
fn only(path: &Path) -> Only {
    if path.file_name().is_none_or(|name| name != "photo_ops.safetensors") {
        return Only::all();
    }
    eprintln!("skipped: {}: all ops but {PHOTO_OPS:?}, which alone there are", path.display());
    Only::ops(&PHOTO_OPS.map(str::to_owned))
}

/// All cases of the file but those of whole training steps.
fn compare_with_golden(gpu: &Gpu, path: &Path) {
    let mut failures = Vec::new();
    let mut largest = 0.0_f64;
    let mut report = |result: &CaseResult| {
        if result.op == "dann_steps" {
            return;
        }
        largest = largest.max(result.ratio.unwrap_or(f64::INFINITY));
        if !result.passed() {
            failures.push(result.json());
        }
    };
    let only = only(path);
    let summary: Summary = run_golden(gpu, path, &only, &no_steps, &mut report).unwrap();
    let (file, counts) = (path.display(), summary.json());
    eprintln!("{:?}, {file}: {counts}, largest share of bounds {largest:.3}", gpu.variant());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
