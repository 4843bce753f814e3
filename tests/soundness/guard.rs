//! Tensors between guards, and words that no caller should ever give.

use dann::gpu::{Gpu, Options, ShaderChecks, Tensor, Value, Variant, choose};
use dann::rng::{Rng, stream};
use rand::Rng as _;

/// A small number as f32, a large one as u32: nothing that a kernel computes by chance.
const CANARY: u32 = 0x1234_5678;
/// Words behind a tensor that nothing may write to.
const BEHIND: usize = 4096;

/// The adapter to test: `DANN_ADAPTER`, or the one that the library chooses.
pub fn adapter() -> dann::gpu::Adapter {
    choose(std::env::var("DANN_ADAPTER").ok().as_deref()).unwrap()
}

/// The families that the adapter can run.
pub fn families() -> impl Iterator<Item = Variant> {
    let adapter = adapter();
    Variant::every().filter(move |&variant| adapter.variant_obstacle(variant).is_none())
}

/// A device whose shaders carry none of wgpu's checks.
pub fn trusted(variant: Variant) -> Gpu {
    let options = Options::default().checks(ShaderChecks::Trusted).variant(variant);
    Gpu::open(&adapter(), options).unwrap()
}

/// A tensor with guards before and behind it, which kernels can reach.
pub struct Guarded {
    pub tensor: Tensor,
    whole: Tensor,
    before: usize,
}

/// What tensors hold between guards.
pub trait Word: Value {
    fn of(word: u32) -> Self;
}

impl Word for f32 {
    fn of(word: u32) -> Self {
        Self::from_bits(word)
    }
}

impl Word for u32 {
    fn of(word: u32) -> Self {
        word
    }
}

impl Guarded {
    pub fn new<T: Word>(gpu: &Gpu, dims: &[usize]) -> Self {
        let before = (gpu.device().limits().min_storage_buffer_offset_alignment as usize / 4).max(1);
        let words = before + dims.iter().product::<usize>() + BEHIND;
        let whole = Tensor::from_slice(gpu, "guarded", &[words], &vec![T::of(CANARY); words]).unwrap();
        Self { tensor: whole.unfenced(before, dims), whole, before }
    }

    /// The words of the tensor, once both guards were found untouched.
    pub fn words(&self, gpu: &Gpu, what: &str) -> Vec<u32> {
        let all = self.whole.read_bits(gpu).unwrap();
        let (before, rest) = all.split_at(self.before);
        let (words, behind) = rest.split_at(self.tensor.len());
        for (side, guard) in [("before", before), ("behind", behind)] {
            let touched = guard.iter().position(|&word| word != CANARY);
            assert_eq!(touched, None, "{what}: written {side} the tensor");
        }
        words.to_vec()
    }

    pub fn reals(&self, gpu: &Gpu, what: &str) -> Vec<f32> {
        self.words(gpu, what).into_iter().map(f32::from_bits).collect()
    }
}

/// Words around every limit, and random ones.
pub struct Hostile(Rng);

impl Hostile {
    pub fn new(seed: u64) -> Self {
        Self(stream(seed, "hostile"))
    }

    /// A word that is as likely near `limit`, near the ends of 32 bits, or anywhere.
    pub fn word(&mut self, limit: u32) -> u32 {
        let near = self.0.next_u32() % 5;
        match self.0.next_u32() % 6 {
            0 => limit.wrapping_add(near).wrapping_sub(2),
            1 => u32::MAX - near,
            2 => 0x8000_0000_u32.wrapping_add(near).wrapping_sub(2),
            3 => limit + self.0.next_u32() % 4096,
            4 => self.0.next_u32() % limit.max(1),
            _ => self.0.next_u32(),
        }
    }

    pub fn words(&mut self, count: usize, limit: u32) -> Vec<u32> {
        (0..count).map(|_| self.word(limit)).collect()
    }

    /// Any bits: infinities, what is no number, the smallest and the largest ones.
    pub fn real(&mut self) -> f32 {
        match self.0.next_u32() % 6 {
            0 => f32::NAN,
            1 => f32::INFINITY,
            2 => f32::NEG_INFINITY,
            3 => f32::MAX,
            _ => f32::from_bits(self.0.next_u32()),
        }
    }

    pub fn reals(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.real()).collect()
    }
}
