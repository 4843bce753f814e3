//! Two made-up domains, so that the examples need no download: digits of seven strokes, white on black, and the same
//! before coloured waves.

use dann::data::Dataset;
use dann::shape::MapShape;
use dann::train::Config;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg as Rng;

pub const SIDE: usize = 28;

/// A small network, and a recipe with which few hundred steps show what adaptation does: little momentum, or the two
/// sides overshoot each other.
const RECIPE: &str = r#"
[training]
epochs = 20
batch = 32
momentum = 0.5
learning_rate = { initial = 0.02, alpha = 10.0, beta = 0.75 }
lambda = { maximum = 0.6, gamma = 10.0 }
domain_loss = "sum"
[model]
feature_extractor = [
    { layer = "conv2d", outputs = 16, kernel = 5 },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2 },
    { layer = "conv2d", outputs = 24, kernel = 5 },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2 },
    { layer = "dense", outputs = 64 },
    { layer = "relu" },
]
label_predictor = [{ layer = "dense", outputs = 10 }]
domain_classifier = [
    { layer = "dense", outputs = 64 },
    { layer = "relu" },
    { layer = "dense", outputs = 2 },
]
[model.input]
channels = 3
height = 28
width = 28
normalization = { scale = [2.0, 2.0, 2.0], shift = [-1.0, -1.0, -1.0] }
"#;

/// Top, upper right, lower right, bottom, lower left, upper left, middle: from where to where.
const STROKES: [[f32; 4]; 7] = [
    [-1.0, -2.0, 1.0, -2.0],
    [1.0, -2.0, 1.0, 0.0],
    [1.0, 0.0, 1.0, 2.0],
    [-1.0, 2.0, 1.0, 2.0],
    [-1.0, 0.0, -1.0, 2.0],
    [-1.0, -2.0, -1.0, 0.0],
    [-1.0, 0.0, 1.0, 0.0],
];

/// Which strokes make up each digit, the top one in the lowest bit.
const DIGITS: [u8; 10] = [0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f];

/// The recipe for both domains.
pub fn config(seed: u64) -> dann::error::Result<Config> {
    let mut config = Config::parse("the example's recipe", RECIPE)?;
    config.training.seed = seed;
    Ok(config)
}

/// White digits on black, with labels.
pub fn source(count: usize, seed: u64) -> Dataset {
    made(count, Rng::seed_from_u64(seed), |ink, _| [ink; 3])
}

/// White digits before waves of colour. The labels are there to be reported on, and training does not look at them.
pub fn target(count: usize, seed: u64) -> Dataset {
    made(count, Rng::seed_from_u64(!seed), |ink, ground| ground.map(|wave| ink.max(0.9 * wave)))
}

fn made(count: usize, mut rng: Rng, blend: impl Fn(f32, [f32; 3]) -> [f32; 3]) -> Dataset {
    let shape = MapShape::new(3, SIDE, SIDE);
    let mut images = vec![0; count * shape.len()];
    let labels: Vec<u8> = (0..count).map(|_| rng.random_range(0..10)).collect();
    for (image, &label) in images.chunks_exact_mut(shape.len()).zip(&labels) {
        let (digit, waves) = (Digit::draw(label, &mut rng), Waves::draw(&mut rng));
        for place in 0..SIDE * SIDE {
            let at = [(place % SIDE) as f32 + 0.5, (place / SIDE) as f32 + 0.5];
            for (channel, value) in blend(digit.ink(at), waves.at(at)).into_iter().enumerate() {
                image[channel * SIDE * SIDE + place] = (value.clamp(0.0, 1.0) * 255.0) as u8;
            }
        }
    }
    let classes = (0..10).map(|class| class.to_string()).collect();
    let labels = labels.into_iter().map(u16::from).collect();
    Dataset::new(shape, images, Some(labels), classes).expect("as many labels as images, all below 10")
}

/// A digit somewhere near the middle.
struct Digit {
    strokes: u8,
    centre: [f32; 2],
    scale: [f32; 2],
    slant: f32,
    width: f32,
}

impl Digit {
    fn draw(label: u8, rng: &mut Rng) -> Self {
        Self {
            strokes: DIGITS[usize::from(label)],
            centre: [0, 1].map(|_| SIDE as f32 / 2.0 + rng.random_range(-2.5..2.5)),
            scale: [rng.random_range(3.5..5.5), rng.random_range(3.5..4.8)],
            slant: rng.random_range(-0.25..0.25),
            width: rng.random_range(0.9..1.8),
        }
    }

    /// 1 on a stroke, 0 away from all.
    fn ink(&self, [x, y]: [f32; 2]) -> f32 {
        let y = y - self.centre[1];
        let x = x - self.centre[0] + self.slant * y;
        let strokes = STROKES.iter().enumerate().filter(|(bit, _)| self.strokes >> bit & 1 == 1);
        let distance = strokes.map(|(_, &[ax, ay, bx, by])| {
            let [ax, bx] = [ax, bx].map(|v| v * self.scale[0]);
            let [ay, by] = [ay, by].map(|v| v * self.scale[1]);
            let along =
                ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax).powi(2) + (by - ay).powi(2));
            let along = along.clamp(0.0, 1.0);
            (x - ax - along * (bx - ax)).hypot(y - ay - along * (by - ay))
        });
        (self.width + 0.5 - distance.fold(f32::INFINITY, f32::min)).clamp(0.0, 1.0)
    }
}

/// A ground of waves in each colour.
struct Waves([[f32; 5]; 3]);

impl Waves {
    fn draw(rng: &mut Rng) -> Self {
        Self([0, 1, 2].map(|_| {
            let mut draw = |low: f32, high: f32| rng.random_range(low..high);
            [draw(0.25, 0.75), draw(0.1, 0.3), draw(-0.5, 0.5), draw(-0.5, 0.5), draw(0.0, 6.3)]
        }))
    }

    fn at(&self, [x, y]: [f32; 2]) -> [f32; 3] {
        self.0.map(|[level, height, across, down, phase]| {
            level + height * (across * x + down * y + phase).sin()
        })
    }
}
