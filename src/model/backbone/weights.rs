//! A backbone's weights from a `.safetensors` file.

use super::{Backbone, PREFIX};
use crate::error::{Error, Result};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::path::Path;

/// Batch norm in PyTorch counts its batches; nothing depends on it.
const BATCHES: &str = "num_batches_tracked";
/// Tensors that an error names of each kind.
const NAMED: usize = 8;

/// What is wrong with a file.
#[derive(Default)]
struct Faults {
    missing: Vec<String>,
    unknown: Vec<String>,
    misshapen: Vec<String>,
}

/// The values of the backbone's tensors, whose names and shapes are `expected`, from the file at `path`.
///
/// # Errors
/// [`Error::Io`] when it cannot be read, [`Error::Input`] naming the tensors that are missing, unknown or of another shape.
pub(in crate::model) fn read(
    backbone: Backbone,
    path: &Path,
    expected: &BTreeMap<String, Vec<usize>>,
) -> Result<BTreeMap<String, Vec<f32>>> {
    let bytes = std::fs::read(path).map_err(Error::io(path, "read"))?;
    let broken = |e| Error::file(path, "a whole .safetensors file of weights", e);
    let file = SafeTensors::deserialize(&bytes).map_err(broken)?;
    let (mut values, mut faults, mut unused) = (BTreeMap::new(), Faults::default(), Vec::new());
    for (name, tensor) in file.iter() {
        let own = backbone.own_name(name);
        if backbone.classifiers().iter().any(|classifier| own.starts_with(classifier)) {
            unused.push(name);
            continue;
        }
        if own.ends_with(BATCHES) {
            continue;
        }
        let own = format!("{PREFIX}.{own}");
        match expected.get(&own) {
            None => faults.unknown.push(name.to_owned()),
            Some(dims) if dims != tensor.shape() => {
                faults.misshapen.push(format!("{name} {:?} for {dims:?}", tensor.shape()));
            }
            Some(_) => {
                values.insert(own, reals(path, name, &tensor)?);
                continue;
            }
        }
        // It is there, if wrong.
        values.insert(own, vec![]);
    }
    faults.missing = expected.keys().filter(|name| !values.contains_key(*name)).cloned().collect();
    faults.check(path, backbone)?;
    if !unused.is_empty() {
        unused.sort_unstable();
        log::info!("{}: {} of the classifier are not used", path.display(), unused.join(" and "));
    }
    Ok(values)
}

/// The values of a tensor.
fn reals(path: &Path, name: &str, tensor: &TensorView<'_>) -> Result<Vec<f32>> {
    if tensor.dtype() != Dtype::F32 {
        let found = format!("{:?} in {name}", tensor.dtype());
        return Err(Error::file(path, "weights in F32 (`model.float()` before saving)", found));
    }
    let words = tensor.data().chunks_exact(4).map(|bytes| [bytes[0], bytes[1], bytes[2], bytes[3]]);
    Ok(words.map(f32::from_le_bytes).collect())
}

impl Faults {
    fn check(mut self, path: &Path, backbone: Backbone) -> Result<()> {
        let kinds = [
            ("missing: ", &mut self.missing),
            ("unknown: ", &mut self.unknown),
            ("of another shape: ", &mut self.misshapen),
        ];
        let mut found = Vec::new();
        for (kind, names) in kinds.into_iter().filter(|(_, names)| !names.is_empty()) {
            names.sort_unstable();
            let more = names.len().saturating_sub(NAMED);
            names.truncate(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            found.push(format!("{kind}{}{more}", names.join(", ")));
        }
        if found.is_empty() {
            return Ok(());
        }
        let expected = format!("the tensors of {backbone}, as torchvision or timm names them");
        Err(Error::file(path, expected, found.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What reading a file of these tensors for one convolution and one weight of batch norm gives.
    fn read_file(tensors: &[(&str, Dtype, &[usize])]) -> Result<BTreeMap<String, Vec<f32>>> {
        let bytes = 1.5_f32.to_le_bytes().repeat(64);
        let view = |dtype: Dtype, dims: &[usize]| {
            let length = dims.iter().product::<usize>() * dtype.bitsize() / 8;
            TensorView::new(dtype, dims.to_vec(), &bytes[..length]).expect("a tensor")
        };
        let views = tensors.iter().map(|(name, dtype, dims)| (*name, view(*dtype, dims)));
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), safetensors::serialize(views, None).expect("bytes")).expect("written");
        let expected = [("backbone._conv_stem.weight", vec![2, 3]), ("backbone._bn0.weight", vec![2])];
        let expected = expected.map(|(name, dims)| (name.to_owned(), dims)).into();
        read(Backbone::EfficientnetLite0, file.path(), &expected)
    }

    #[test]
    fn both_schemes_of_names_are_read_and_the_classifier_is_not() {
        let own = [("_conv_stem.weight", Dtype::F32, &[2, 3][..]), ("_bn0.weight", Dtype::F32, &[2])];
        let timm = [("conv_stem.weight", Dtype::F32, &[2, 3][..]), ("bn1.weight", Dtype::F32, &[2])];
        let besides = [
            ("_fc.weight", Dtype::F32, &[4, 2][..]),
            ("classifier.bias", Dtype::F32, &[4]),
            ("_bn0.num_batches_tracked", Dtype::I64, &[]),
        ];
        for names in [own, timm] {
            let values = read_file(&[&names[..], &besides].concat()).expect("weights");
            let found: Vec<_> = values.iter().map(|(name, values)| (name.as_str(), values.len())).collect();
            assert_eq!(found, [("backbone._bn0.weight", 2), ("backbone._conv_stem.weight", 6)]);
            assert!(values.values().flatten().all(|&value| value == 1.5));
        }
    }

    #[test]
    fn what_is_missing_unknown_misshapen_or_of_another_kind_is_named() {
        let stem = ("_conv_stem.weight", Dtype::F32, &[2, 3][..]);
        for (tensors, words) in [
            (vec![stem], "missing: backbone._bn0.weight"),
            (vec![stem, ("_bn0.weight", Dtype::F32, &[3])], "of another shape: _bn0.weight [3] for [2]"),
            (
                vec![stem, ("_bn0.weight", Dtype::F32, &[2]), ("layer1.x", Dtype::F32, &[1])],
                "unknown: layer1.x",
            ),
            (vec![stem, ("_bn0.weight", Dtype::F16, &[2])], "found F16 in _bn0.weight"),
        ] {
            let error = read_file(&tensors).expect_err(words).to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
        let many: Vec<String> = (0..20).map(|index| format!("other{index:02}")).collect();
        let many: Vec<_> = many.iter().map(|name| (name.as_str(), Dtype::F32, &[1][..])).collect();
        let error = read_file(&many).expect_err("unknown tensors").to_string();
        assert!(error.contains("other07 and 12 more") && !error.contains("other08"), "{error}");
    }
}
