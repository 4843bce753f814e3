//! A case on the device: its inputs, its recording and its poisoned outputs.

use super::{Array, Arrays, Case, Values};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor, Value, Variant};
use std::fmt;
use wgpu::util::{DeviceExt, TextureDataOrder};

/// A NaN as f32 and an index out of any range as u32: a value that no kernel writes.
const POISON: u32 = u32::MAX;
/// Words behind each output that nothing may write to.
const GUARD: usize = 64;

/// A case on the device.
pub struct Rig<'a> {
    /// The kernels of the case, in order.
    pub rec: Recording,
    /// The case.
    pub case: &'a Case,
    gpu: &'a Gpu,
    outputs: Vec<Output>,
}

#[derive(Debug)]
struct Output {
    name: &'static str,
    /// What the kernels see.
    tensor: Tensor,
    /// The same with the guard behind it.
    whole: Tensor,
    /// What it holds before a run, in bits; `None` for what no kernel writes.
    initial: Option<Vec<u32>>,
    role: Role,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Role {
    Reals,
    Whole,
    /// Input and output at once: set again before every run.
    InPlace,
    /// The same of whole numbers.
    WholeInPlace,
    /// Written by one kernel, read by another, of no interest afterwards.
    Scratch,
    /// The same, and set again before every run.
    Kept,
}

impl<'a> Rig<'a> {
    pub(super) fn new(gpu: &'a Gpu, case: &'a Case) -> Self {
        Self { rec: Recording::new(gpu), case, gpu, outputs: Vec::new() }
    }

    /// Which kernels to record.
    pub fn variant(&self) -> Variant {
        self.gpu.variant()
    }

    /// Uploads an input tensor.
    ///
    /// # Errors
    /// [`Error::Input`] when it is missing, [`Error::Gpu`] when there is no memory for it.
    pub fn input(&self, tensor: &str) -> Result<Tensor> {
        let array = self.case.array(tensor)?;
        match array.values {
            Values::U32(_) => self.constant(tensor, &array.dims, &bits(array)),
            Values::F32(_) | Values::F64(_) => {
                let values: Vec<f32> = bits(array).into_iter().map(f32::from_bits).collect();
                self.constant(tensor, &array.dims, &values)
            }
        }
    }

    /// Uploads an input tensor (H, W, 4) as a texture.
    ///
    /// # Errors
    /// [`Error::Input`] when it is missing.
    pub fn texture(&self, tensor: &str) -> Result<wgpu::TextureView> {
        let [height, width, _] = self.case.dims(tensor)?;
        let (width, height) = (width as u32, height as u32);
        let texture = self.gpu.device().create_texture_with_data(
            self.gpu.queue(),
            &wgpu::TextureDescriptor {
                label: Some(tensor),
                size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: wgpu::TextureFormat::Rgba32Float,
                usage: wgpu::TextureUsages::TEXTURE_BINDING,
                view_formats: &[],
            },
            TextureDataOrder::LayerMajor,
            bytemuck::cast_slice(&bits(self.case.array(tensor)?)),
        );
        Ok(texture.create_view(&Default::default()))
    }

    /// A tensor of the case's own making.
    ///
    /// # Errors
    /// As [`Tensor::from_slice`].
    pub fn constant<T: Value>(&self, label: &str, dims: &[usize], values: &[T]) -> Result<Tensor> {
        Tensor::from_slice(self.gpu, label, dims, values)
    }

    /// The values of the current step.
    ///
    /// # Errors
    /// As [`Tensor::from_slice`].
    pub fn step<T: Value>(&self, step: T) -> Result<Tensor> {
        self.constant("step", &[1, size_of::<T>() / 4], &[step])
    }

    /// An output of real numbers.
    ///
    /// # Errors
    /// As [`Tensor::zeros`].
    pub fn output(&mut self, name: &'static str, dims: &[usize]) -> Result<Tensor> {
        self.guarded::<f32>(name, dims, Role::Reals, None)
    }

    /// An output of whole numbers.
    ///
    /// # Errors
    /// As [`Tensor::zeros`].
    pub fn whole_output(&mut self, name: &'static str, dims: &[usize]) -> Result<Tensor> {
        self.guarded::<u32>(name, dims, Role::Whole, None)
    }

    /// A tensor of real numbers between two kernels.
    ///
    /// # Errors
    /// As [`Tensor::zeros`].
    pub fn scratch(&mut self, name: &'static str, dims: &[usize]) -> Result<Tensor> {
        self.guarded::<f32>(name, dims, Role::Scratch, None)
    }

    /// A tensor of whole numbers between two kernels.
    ///
    /// # Errors
    /// As [`Tensor::zeros`].
    pub fn whole_scratch(&mut self, name: &'static str, dims: &[usize]) -> Result<Tensor> {
        self.guarded::<u32>(name, dims, Role::Scratch, None)
    }

    /// A tensor between two kernels that holds 0 before the case runs.
    ///
    /// # Errors
    /// As [`Tensor::zeros`].
    pub fn scratch_of_zeros(&mut self, name: &'static str, dims: &[usize]) -> Result<Tensor> {
        let words = vec![0; dims.iter().product()];
        self.guarded::<f32>(name, dims, Role::Kept, Some(words))
    }

    /// An output of real numbers that starts out as the input tensor `input`.
    ///
    /// # Errors
    /// As [`Tensor::zeros`].
    pub fn in_place(&mut self, name: &'static str, input: &str) -> Result<Tensor> {
        let array = self.case.array(input)?;
        self.guarded::<f32>(name, &array.dims, Role::InPlace, Some(bits(array)))
    }

    /// An output of whole numbers that starts out as the input tensor `input`.
    ///
    /// # Errors
    /// As [`Tensor::zeros`].
    pub fn whole_in_place(&mut self, name: &'static str, input: &str) -> Result<Tensor> {
        let array = self.case.array(input)?;
        self.guarded::<u32>(name, &array.dims, Role::WholeInPlace, Some(bits(array)))
    }

    /// Names `tensor`, which lies in another output or in an input, as an output of real numbers.
    pub fn expose(&mut self, name: &'static str, tensor: &Tensor) {
        let (tensor, whole) = (tensor.clone(), tensor.clone());
        self.outputs.push(Output { name, tensor, whole, initial: None, role: Role::Reals });
    }

    fn guarded<T: Value>(
        &mut self,
        name: &'static str,
        dims: &[usize],
        role: Role,
        initial: Option<Vec<u32>>,
    ) -> Result<Tensor> {
        let count = dims.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)).filter(|&n| n > 0);
        let room = count.and_then(|n| n.checked_add(GUARD));
        let room = room.ok_or_else(|| Error::input(name, "a shape with values", format!("{dims:?}")))?;
        let whole = Tensor::zeros_of::<T>(self.gpu, name, &[room])?;
        let tensor = whole.unfenced(0, dims);
        let mut initial = initial.unwrap_or_default();
        initial.resize(room, POISON);
        self.outputs.push(Output { name, tensor: tensor.clone(), whole, initial: Some(initial), role });
        Ok(tensor)
    }

    /// Runs the recording from poisoned outputs, then once more over what it left, and gives the outputs.
    ///
    /// A kernel that leaves a value out shows as poison, one that adds instead of overwriting as NaN or as a
    /// difference between the runs.
    ///
    /// # Errors
    /// [`Error::Input`] when the two runs differ in a bit or a kernel writes past an output.
    pub(super) fn run_twice(&self) -> Result<Arrays> {
        self.reset(|_| true)?;
        self.rec.submit();
        let first = self.read()?;
        self.reset(|role| matches!(role, Role::InPlace | Role::WholeInPlace | Role::Kept))?;
        self.rec.submit();
        let second = self.read()?;
        let mut arrays = Arrays::new();
        for ((output, first), second) in self.outputs.iter().zip(first).zip(second) {
            if let Some(i) = (0..first.len()).find(|&i| first[i] != second[i]) {
                let found = format!("{} there at first, {} when replayed", show(first[i]), show(second[i]));
                return Err(Error::input(self.named(output, i), "the same bits in every run", found));
            }
            let (values, guard) = first.split_at(output.tensor.len());
            if let Some(i) = guard.iter().position(|&word| word != POISON) {
                let subject = self.named(output, values.len() + i);
                return Err(Error::input(subject, "nothing written behind the tensor", show(guard[i])));
            }
            let values = match output.role {
                Role::Scratch | Role::Kept => continue,
                Role::Whole | Role::WholeInPlace => Values::U32(values.to_vec()),
                Role::Reals | Role::InPlace => {
                    Values::F32(values.iter().copied().map(f32::from_bits).collect())
                }
            };
            arrays.insert(output.name.into(), Array { dims: output.tensor.dims().to_vec(), values });
        }
        Ok(arrays)
    }

    fn reset(&self, chosen: impl Fn(Role) -> bool) -> Result<()> {
        for output in self.outputs.iter().filter(|output| chosen(output.role)) {
            if let Some(initial) = &output.initial {
                output.whole.write_bits(self.gpu, initial)?;
            }
        }
        Ok(())
    }

    fn read(&self) -> Result<Vec<Vec<u32>>> {
        self.outputs.iter().map(|output| output.whole.read_bits(self.gpu)).collect()
    }

    fn named(&self, output: &Output, i: usize) -> String {
        format!("{} case \"{}\", {}[{i}]", self.case.op, self.case.name, output.name)
    }
}

/// The values as the device holds them.
fn bits(array: &Array) -> Vec<u32> {
    match &array.values {
        Values::F32(values) => values.iter().map(|value| value.to_bits()).collect(),
        Values::F64(values) => values.iter().map(|&value| (value as f32).to_bits()).collect(),
        Values::U32(values) => values.clone(),
    }
}

fn show(word: u32) -> String {
    format!("{word:#010x} ({:e} as a real number)", f32::from_bits(word))
}

impl fmt::Debug for Rig<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rig").field("case", &self.case.name).field("rec", &self.rec).finish_non_exhaustive()
    }
}
