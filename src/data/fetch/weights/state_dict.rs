//! State dicts as `torch.save` wrote them before version 1.6: pickles, then the values of all tensors.

use super::pickle::{Reader, Value};
use std::collections::BTreeMap;
use std::result::Result;

/// What such files begin with.
const MAGIC: i64 = 0xa86a_20f9_469c_fc6c_u64.cast_signed();

/// Names, shapes and the bytes of f32 values.
pub(super) type Tensors = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

/// The tensors of f32 in the file; others (how many batches batch norm has seen) are left out, as nothing learns from them.
pub(super) fn read(bytes: &[u8]) -> Result<Tensors, String> {
    let mut reader = Reader::new(bytes);
    if reader.value()? != Value::Int(MAGIC) {
        return Err("no file of torch.save, or one of another form".into());
    }
    // The protocol's version, and what the machine was that wrote the file: little-endian, as all are today.
    let (_, _) = (reader.value()?, reader.value()?);
    let dict = reader.value()?;
    let keys = reader.value()?;
    let storages = storages(reader.rest(), keys.list()?, &dict)?;
    let Value::Dict(entries) = dict else { return Err("no state dict".into()) };
    let mut tensors = Tensors::new();
    for (name, value) in &entries {
        let tensor = Tensor::of(value)?;
        if tensor.kind == "torch.FloatStorage" {
            let storage = storages.get(tensor.key).ok_or("a tensor without values")?;
            let values = tensor.values(storage).ok_or("a tensor beyond its values")?;
            tensors.insert(name.text()?.to_owned(), (tensor.shape, values));
        }
    }
    Ok(tensors)
}

/// One tensor, and where its values are.
struct Tensor<'a> {
    kind: &'a str,
    key: &'a str,
    offset: usize,
    shape: Vec<usize>,
    /// From one value to the next along each axis.
    stride: Vec<usize>,
}

impl<'a> Tensor<'a> {
    fn of(value: &'a Value) -> Result<Self, String> {
        let Value::Call(function, arguments) = value else { return Err(format!("{value:?} for a tensor")) };
        let [Value::Outside(storage), offset, shape, stride, ..] = &arguments[..] else {
            return Err(format!("a tensor made by {function} of other arguments"));
        };
        let [_, Value::Global(kind), key, ..] = storage.list()? else {
            return Err("values of an unknown kind".into());
        };
        let numbers = |value: &Value| value.list()?.iter().map(Value::int).collect::<Result<Vec<_>, _>>();
        let (shape, stride) = (numbers(shape)?, numbers(stride)?);
        if shape.len() != stride.len() {
            return Err(format!("a tensor of {shape:?} with strides of {stride:?}"));
        }
        Ok(Self { kind, key: key.text()?, offset: offset.int()?, shape, stride })
    }

    /// The bytes of its values of four bytes each, the last axis running fastest, if `storage` has all of them.
    fn values(&self, storage: &[u8]) -> Option<Vec<u8>> {
        let mut places = vec![self.offset];
        for (&size, &stride) in self.shape.iter().zip(&self.stride) {
            // No tensor has more values than bytes are there.
            places.len().checked_mul(size).filter(|&count| count <= storage.len())?;
            let along =
                |place: usize| (0..size).map(move |index| place.checked_add(index.checked_mul(stride)?));
            places = places.into_iter().flat_map(along).collect::<Option<_>>()?;
        }
        let value = |place: usize| storage.get(place.checked_mul(4)?..)?.first_chunk::<4>();
        let values = places.into_iter().map(value).collect::<Option<Vec<_>>>()?;
        Some(values.into_iter().flatten().copied().collect())
    }
}

/// The bytes of each storage by its key: how many values it has, then these.
fn storages<'a>(
    mut bytes: &'a [u8],
    keys: &[Value],
    dict: &Value,
) -> Result<BTreeMap<String, &'a [u8]>, String> {
    let Value::Dict(entries) = dict else { return Err("no state dict".into()) };
    let mut sizes = BTreeMap::new();
    for (_, value) in entries {
        let tensor = Tensor::of(value)?;
        let size = match tensor.kind {
            "torch.FloatStorage" => 4,
            "torch.LongStorage" => 8,
            other => return Err(format!("values of {other}")),
        };
        sizes.insert(tensor.key, size);
    }
    let mut storages = BTreeMap::new();
    for key in keys {
        let size = sizes.get(key.text()?).ok_or("values that no tensor has")?;
        let (count, rest) = bytes.split_first_chunk().ok_or("the end of the file")?;
        let length =
            usize::try_from(u64::from_le_bytes(*count)).ok().and_then(|count| count.checked_mul(*size));
        let (values, rest) =
            length.and_then(|length| rest.split_at_checked(length)).ok_or("the end of the file")?;
        storages.insert(key.text()?.to_owned(), values);
        bytes = rest;
    }
    Ok(storages)
}
