//! Whole training steps of every family, between guards: hostile batches, steps and parameters leave nothing behind.

use crate::guard::{Guarded, Hostile, families, trusted};
use dann::gpu::{Gpu, Recording, Tensor, Variant};
use dann::model::{Batch, Dann, Initialization, MetricsBuffer, NamedValues, OptimizerState};
use dann::ops::Step;
use dann::train::{Checkpoint, Config, TrainingStep};
use std::collections::BTreeMap;

const ROWS: usize = 4;
const STEPS: usize = 3;
const ROUNDS: usize = 9;

/// Every kind of layer, and shapes that no tile fits.
const SMALL: &str = r#"
[training]
epochs = 1
batch = 4
momentum = 0.9
learning_rate = { initial = 0.01, alpha = 10.0, beta = 0.75 }
lambda = { maximum = 1.0, gamma = 10.0 }
clip_norm = 5.0
[model]
feature_extractor = [
    { layer = "conv2d", outputs = 7, kernel = 3, padding = 1 },
    { layer = "batch_norm2d" },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 3, stride = 2 },
    { layer = "conv2d", outputs = 9, kernel = 3 },
    { layer = "relu" },
]
label_predictor = [
    { layer = "dropout", rate = 0.25 },
    { layer = "dense", outputs = 11 },
    { layer = "relu" },
    { layer = "dense", outputs = 10 },
]
domain_classifier = [{ layer = "dense", outputs = 2 }]
[model.input]
channels = 3
height = 13
width = 11
normalization = { scale = [2.0, 2.0, 2.0], shift = [-1.0, -1.0, -1.0] }
"#;

/// A model and its recorded step, whose inputs and reports lie between guards.
struct Rig {
    gpu: Gpu,
    config: Config,
    model: Dann,
    start: NamedValues,
    recording: Recording,
    step: Tensor,
    x: Guarded,
    labels: Guarded,
    table: Guarded,
    faults: Guarded,
    optimizer: OptimizerState,
}

impl Rig {
    fn new(config: Config, variant: Variant) -> Self {
        let gpu = trusted(variant);
        let model = Dann::new(&gpu, &config.model).unwrap();
        model.initialize(Initialization::HeNormal, 1).unwrap();
        let input = config.model.input.shape();
        let x = Guarded::new::<f32>(&gpu, &[2 * ROWS, input.channels, input.height, input.width]);
        let labels = Guarded::new::<u32>(&gpu, &[ROWS]);
        let table = Guarded::new::<f32>(&gpu, &[STEPS, 4]);
        let faults = Guarded::new::<u32>(&gpu, &[STEPS]);
        let batch = Batch { x: x.tensor.clone(), labels: labels.tensor.clone(), plain: None };
        let metrics_buffer = MetricsBuffer { table: table.tensor.clone(), faults: faults.tensor.clone() };
        let step = Tensor::zeros_of::<Step>(&gpu, "step", &[1, Step::WORDS]).unwrap();
        let mut recording = Recording::new(&gpu);
        let objective = config.training.objective().unwrap();
        let outputs = model.record_step(&mut recording, &batch, &step, &metrics_buffer, &objective).unwrap();
        let start = model.read().unwrap();
        let optimizer = outputs.optimizer;
        Self { gpu, config, model, start, recording, step, x, labels, table, faults, optimizer }
    }

    /// What two harmless steps from the start leave, in bits.
    fn harmless(&self) -> (BTreeMap<String, Vec<u32>>, Vec<u32>) {
        let values = self.start.iter().map(|(name, (_, values))| (name.clone(), values.clone())).collect();
        self.model.write(&values).unwrap();
        for (_, slot) in &self.optimizer.slots {
            slot.write(&self.gpu, &vec![0.0_f32; slot.len()]).unwrap();
        }
        self.table.tensor.write(&self.gpu, &[0.0_f32; STEPS * 4]).unwrap();
        self.faults.tensor.write(&self.gpu, &[0_u32; STEPS]).unwrap();
        let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5;
        let x: Vec<f32> = (0..self.x.tensor.len()).map(noise).collect();
        self.x.tensor.write(&self.gpu, &x).unwrap();
        self.labels.tensor.write(&self.gpu, &[3_u32, 1, 4, 1]).unwrap();
        for index in 0..2 {
            let step = Step { index, seed: 7, lambda: 0.5, learning_rate: 0.01, ..Step::default() };
            self.run(step);
        }
        let bits = |values: &Vec<f32>| values.iter().map(|value| value.to_bits()).collect();
        let learned = self.model.read().unwrap();
        let learned = learned.iter().map(|(name, (_, values))| (name.clone(), bits(values))).collect();
        (learned, self.table.words(&self.gpu, "table"))
    }

    fn run(&self, step: Step) {
        self.step.write(&self.gpu, &[step]).unwrap();
        self.recording.submit();
    }

    fn hostile(&self, hostile: &mut Hostile, round: usize) {
        self.labels.tensor.write(&self.gpu, &hostile.words(ROWS, 10)).unwrap();
        if round % 3 == 1 {
            self.x.tensor.write(&self.gpu, &hostile.reals(self.x.tensor.len())).unwrap();
        }
        if round % 3 == 2 {
            let any = |(name, (dims, values)): (&String, &(Vec<usize>, Vec<f32>))| {
                (name.clone(), (dims.clone(), hostile.reals(values.len())))
            };
            let values = self.start.iter().map(any).collect();
            let checkpoint = Checkpoint::from_values(&self.config, &[], 0, values).unwrap();
            checkpoint.load_into(&self.model).unwrap();
        }
        let [any, source_start, target_start, seed] = [(); 4].map(|()| hostile.word(STEPS as u32));
        // Every other round the step lies just behind the table, where a guard is.
        let index = if round.is_multiple_of(2) { (STEPS + round) as u32 } else { any };
        let (lambda, learning_rate) = (hostile.real(), hostile.real());
        self.run(Step { index, source_start, target_start, seed, lambda, learning_rate, ..Step::default() });
        let what = format!("{}, round {round}, step {index}", self.gpu.variant());
        for guarded in [&self.x, &self.labels, &self.table, &self.faults] {
            guarded.words(&self.gpu, &what);
        }
    }
}

fn withstands(config: &Config, variant: Variant) {
    let rig = Rig::new(config.clone(), variant);
    assert_eq!(rig.gpu.variant(), variant);
    let before = rig.harmless();
    assert!(before.1.iter().all(|&word| f32::from_bits(word).is_finite()));
    let mut hostile = Hostile::new(11);
    (0..ROUNDS).for_each(|round| rig.hostile(&mut hostile, round));
    // Whatever a kernel had left in what it has to itself would show now.
    assert_eq!(rig.harmless(), before, "{variant}");
    rig.gpu.healthy().unwrap();
}

#[test]
fn steps_of_the_papers_network_withstand_hostile_words() {
    let config = Config::preset("paper").unwrap();
    families().for_each(|variant| withstands(&config, variant));
}

#[test]
fn steps_of_odd_shapes_withstand_hostile_words() {
    let config = Config::parse("small", SMALL).unwrap();
    families().for_each(|variant| withstands(&config, variant));
}

#[test]
fn a_table_of_hostile_steps_is_harmless() {
    let config = Config::parse("small", SMALL).unwrap();
    for variant in families() {
        let gpu = trusted(variant);
        let model = Dann::new(&gpu, &config.model).unwrap();
        let training = TrainingStep::new(&model, ROWS, config.training.objective().unwrap(), STEPS).unwrap();
        let steps = Tensor::zeros_of::<Step>(&gpu, "steps", &[ROUNDS, Step::WORDS]).unwrap();
        let mut hostile = Hostile::new(12);
        let words: Vec<Step> =
            (0..ROUNDS).map(|_| bytemuck::cast_slice(&hostile.words(Step::WORDS, STEPS as u32))[0]).collect();
        steps.write(&gpu, &words).unwrap();
        for row in 0..ROUNDS {
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            training.encode(&mut encoder, &steps, row, None);
            gpu.submit(encoder);
        }
        gpu.wait().unwrap();
    }
}
