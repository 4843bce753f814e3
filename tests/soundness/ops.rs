//! Ops by themselves: what they do with labels, orders, steps and winners that are none.

use crate::guard::{Guarded, Hostile, trusted};
use dann::gpu::{Gpu, Recording, Tensor, Variant};
use dann::ops::gather_batch::{Chunk, Domain, ResidentData};
use dann::ops::max_pool2d::{self, Window};
use dann::ops::optimizer::{Operands, Optimizer as _, Settings};
use dann::ops::sgd::Sgd;
use dann::ops::softmax_cross_entropy::{self, Counts};
use dann::ops::{Step, augment, dropout, gradient_reversal, metrics, random_view};

const ROUNDS: usize = 40;

fn gpu() -> Gpu {
    trusted(Variant::Plain)
}

fn steps(gpu: &Gpu) -> Tensor {
    Tensor::zeros_of::<Step>(gpu, "step", &[1, Step::WORDS]).unwrap()
}

#[test]
fn a_label_that_is_no_class_makes_the_loss_no_number() {
    const ROWS: usize = 70;
    const CLASSES: usize = 5;
    let (gpu, mut hostile) = (gpu(), Hostile::new(1));
    let logits = Guarded::new::<f32>(&gpu, &[ROWS, CLASSES]);
    let labels = Guarded::new::<u32>(&gpu, &[ROWS]);
    let loss = Guarded::new::<f32>(&gpu, &[ROWS]);
    let dlogits = Guarded::new::<f32>(&gpu, &[ROWS, CLASSES]);
    logits.tensor.write(&gpu, &[0.5_f32; ROWS * CLASSES]).unwrap();
    let mut rec = Recording::new(&gpu);
    let (x, y) = (&logits.tensor, &loss.tensor);
    softmax_cross_entropy::forward_backward(
        &mut rec,
        x,
        &labels.tensor,
        y,
        &dlogits.tensor,
        Counts::alike(1.0),
    )
    .unwrap();
    for round in 0..ROUNDS {
        let words = hostile.words(ROWS, CLASSES as u32);
        labels.tensor.write(&gpu, &words).unwrap();
        rec.submit();
        for (row, (&label, loss)) in words.iter().zip(loss.reals(&gpu, "loss")).enumerate() {
            let is_class = label < CLASSES as u32;
            assert_eq!(is_class, loss.is_finite(), "round {round}, row {row}: label {label}, loss {loss}");
            assert!(is_class || loss.is_nan(), "label {label}, loss {loss}");
        }
        let gradients = dlogits.reals(&gpu, "dlogits");
        assert!(gradients.iter().all(|value| value.abs() <= 1.0));
        labels.words(&gpu, "labels");
    }
}

#[test]
fn orders_and_starts_that_lead_out_of_the_data_set_give_rows_that_are_no_numbers() {
    const IMAGES: usize = 21;
    const ROWS: usize = 6;
    const FIRST_ROW: usize = 2;
    let image = [3_usize, 5, 5];
    let bytes: usize = image.iter().product();
    let (gpu, mut hostile) = (gpu(), Hostile::new(2));
    // Chunks of eight images: whole words.
    let chunks: Vec<Chunk> = (0..IMAGES)
        .step_by(8)
        .map(|first| {
            let count = 8.min(IMAGES - first);
            // Image i has the bytes i + 1 throughout.
            let words: Vec<u8> = (0..count * bytes).map(|at| (first + at / bytes + 1) as u8).collect();
            let mut words: Vec<u8> = words;
            words.resize(words.len().next_multiple_of(4), 0);
            let words: Vec<u32> = bytemuck::pod_collect_to_vec(&words);
            Chunk { first, count, words: Tensor::from_slice(&gpu, "chunk", &[words.len()], &words).unwrap() }
        })
        .collect();
    let order = Tensor::zeros_of::<u32>(&gpu, "order", &[IMAGES]).unwrap();
    let data_labels: Vec<u32> = (0..IMAGES as u32).map(|image| 100 + image).collect();
    let data_labels = Tensor::from_slice(&gpu, "data_labels", &[IMAGES], &data_labels).unwrap();
    let scale_shift =
        Tensor::from_slice(&gpu, "scale_shift", &[2, 3], &[1.0_f32, 1.0, 1.0, 0.0, 0.0, 0.0]).unwrap();
    let x = Guarded::new::<f32>(&gpu, &[FIRST_ROW + ROWS + 1, image[0], image[1], image[2]]);
    let labels = Guarded::new::<u32>(&gpu, &[ROWS]);
    let step = steps(&gpu);
    for domain in [Domain::Source, Domain::Target] {
        let scale_shift = &scale_shift;
        let source = ResidentData { domain, chunks: &chunks, channels: 3, order: &order, scale_shift };
        let mut rec = Recording::new(&gpu);
        source.images(&mut rec, &step, &x.tensor, FIRST_ROW, ROWS).unwrap();
        source.labels(&mut rec, &step, &data_labels, &x.tensor, &labels.tensor).unwrap();
        for round in 0..ROUNDS {
            let words = hostile.words(IMAGES, IMAGES as u32);
            order.write(&gpu, &words).unwrap();
            let start = hostile.word(IMAGES as u32);
            let [source_start, target_start] = match domain {
                Domain::Source => [start, 0],
                Domain::Target => [0, start],
            };
            step.write(&gpu, &[Step { source_start, target_start, ..Step::default() }]).unwrap();
            x.tensor.write(&gpu, &vec![0.0_f32; x.tensor.len()]).unwrap();
            rec.submit();
            let (filled, labels) = (x.reals(&gpu, "x"), labels.words(&gpu, "labels"));
            for row in 0..ROWS {
                let at = u64::from(start) + row as u64;
                let named = words.get(at as usize).copied().filter(|&image| (image as usize) < IMAGES);
                let what = format!("{domain:?}, round {round}, start {start}, row {row}, image {named:?}");
                let values = &filled[(FIRST_ROW + row) * bytes..][..bytes];
                match named {
                    Some(image) => {
                        // Drivers may be off by a rounding or two where they divide.
                        let expected = (image + 1) as f32 / 255.0;
                        assert!(values.iter().all(|v| (v - expected).abs() <= 1e-6), "{what}");
                        assert_eq!(labels[row], 100 + image, "{what}");
                    }
                    None => {
                        assert!(values.iter().all(|v| v.is_nan()), "{what}");
                        assert_eq!(labels[row], u32::MAX, "{what}");
                    }
                }
            }
            let others = [&filled[..FIRST_ROW * bytes], &filled[(FIRST_ROW + ROWS) * bytes..]];
            assert!(others.concat().iter().all(|&value| value == 0.0), "rows that are not the batch's");
        }
    }
}

#[test]
fn a_step_that_is_none_reports_within_the_table() {
    const ROWS: usize = 9;
    const STEPS: usize = 3;
    const COUNT: usize = 700;
    let (gpu, mut hostile) = (gpu(), Hostile::new(3));
    let step = steps(&gpu);
    let real = |dims: &[usize], value: f32| {
        let values = vec![value; dims.iter().product()];
        Tensor::from_slice(&gpu, "constant", dims, &values).unwrap()
    };
    let (loss, logits) = (real(&[ROWS], 1.0), real(&[ROWS, 2], 0.0));
    let labels = Tensor::zeros_of::<u32>(&gpu, "labels", &[ROWS]).unwrap();
    let (table, faults) = (Guarded::new::<f32>(&gpu, &[STEPS, 4]), Guarded::new::<u32>(&gpu, &[STEPS]));
    let (weight, velocity) = (Guarded::new::<f32>(&gpu, &[COUNT]), Guarded::new::<f32>(&gpu, &[COUNT]));
    let (grad, scale) = (real(&[COUNT], f32::NAN), real(&[1], 1.0));
    let mut rec = Recording::new(&gpu);
    metrics::reduce(&mut rec, &step, &loss, &logits, &labels, &table.tensor, 2).unwrap();
    let operands = Operands {
        step: &step,
        grad: &grad,
        scale: &scale,
        slots: std::slice::from_ref(&velocity.tensor),
        weight: &weight.tensor,
        faults: &faults.tensor,
    };
    let sgd = Sgd::new(0.9);
    sgd.record(&mut rec, &operands, Settings::of(&sgd)).unwrap();
    for round in 0..ROUNDS {
        let words = [(); 4].map(|()| hostile.word(STEPS as u32));
        let [index, source_start, target_start, seed] = words;
        let (lambda, learning_rate) = (hostile.real(), hostile.real());
        let values =
            Step { index, source_start, target_start, seed, lambda, learning_rate, ..Step::default() };
        step.write(&gpu, &[values]).unwrap();
        table.tensor.write(&gpu, &[0.0_f32; STEPS * 4]).unwrap();
        faults.tensor.write(&gpu, &[0_u32; STEPS]).unwrap();
        rec.submit();
        let row = (index as usize).min(STEPS - 1);
        let mut expected = [0.0; STEPS * 4];
        expected[4 * row + 2..][..2].copy_from_slice(&[ROWS as f32, ROWS as f32]);
        assert_eq!(table.reals(&gpu, "table"), expected, "round {round}: index {index}");
        let faulty: Vec<usize> = (0..STEPS).filter(|&i| faults.words(&gpu, "faults")[i] != 0).collect();
        assert_eq!(faulty, [row], "round {round}: index {index}");
        weight.words(&gpu, "weight");
        velocity.words(&gpu, "velocity");
    }
}

#[test]
fn maxima_that_lie_nowhere_give_no_gradient() {
    let (gpu, mut hostile) = (gpu(), Hostile::new(4));
    let argmax = Guarded::new::<u32>(&gpu, &[2, 3, 4, 4]);
    let dx = Guarded::new::<f32>(&gpu, &[2, 3, 8, 8]);
    let ones = vec![1.0_f32; argmax.tensor.len()];
    let dy = Tensor::from_slice(&gpu, "dy", argmax.tensor.dims(), &ones).unwrap();
    let mut rec = Recording::new(&gpu);
    let window = Window::new((2, 2), (2, 2));
    max_pool2d::backward(&mut rec, &argmax.tensor, &dy, &dx.tensor, window).unwrap();
    for _ in 0..ROUNDS {
        let words = hostile.words(argmax.tensor.len(), 64);
        argmax.tensor.write(&gpu, &words).unwrap();
        rec.submit();
        let inside = |(at, &word): (usize, &u32)| {
            let (i, j) = (at / 4 % 4, at % 4);
            word < 64 && (word as usize / 16, word as usize % 8 / 2) == (i, j)
        };
        let expected = words.iter().enumerate().filter(|&found| inside(found)).count();
        let sum: f32 = dx.reals(&gpu, "dx").iter().sum();
        assert_eq!(sum, expected as f32);
    }
}

#[test]
fn no_step_leads_what_draws_from_it_out_of_its_tensors() {
    const DIMS: [usize; 4] = [3, 2, 7, 9];
    let (gpu, mut hostile) = (gpu(), Hostile::new(5));
    let step = steps(&gpu);
    let x = Guarded::new::<f32>(&gpu, &DIMS);
    let results = [(); 5].map(|()| Guarded::new::<f32>(&gpu, &DIMS));
    let source = Guarded::new::<f32>(&gpu, &[2, 2, 7, 9]);
    let windows = Guarded::new::<f32>(&gpu, &[3, random_view::NUMBERS]);
    let mut rec = Recording::new(&gpu);
    let [moved, dropped, reversed, joined, seen] = &results;
    let mut augmentation = augment::Augmentation::default();
    (augmentation.shift, augmentation.brightness) = (u32::MAX, f32::MAX);
    (augmentation.invert, augmentation.contrast) = (0.5, 1.0);
    augment::views(&mut rec, &step, (&x.tensor, &moved.tensor), 0..3, &augmentation).unwrap();
    let mut view = random_view::View::default();
    (view.crop, view.flip, view.rotation) = (Some(f32::MIN_POSITIVE), 0.5, 179.0);
    (view.shear, view.zoom) = (89.0, 0.99);
    random_view::random_view(&mut rec, &step, &x.tensor, (&windows.tensor, &seen.tensor), 0..3, &view)
        .unwrap();
    dropout::apply(&mut rec, &step, &x.tensor, &dropped.tensor, 0.5, u32::MAX).unwrap();
    gradient_reversal::backward(&mut rec, &step, &x.tensor, &reversed.tensor).unwrap();
    let (dy, to) = (&x.tensor, &joined.tensor);
    gradient_reversal::backward_fan_in(&mut rec, &step, dy, &source.tensor, to).unwrap();
    for _ in 0..ROUNDS {
        let [index, source_start, target_start, seed] = [(); 4].map(|()| hostile.word(1));
        let (lambda, learning_rate) = (hostile.real(), hostile.real());
        let values =
            Step { index, source_start, target_start, seed, lambda, learning_rate, ..Step::default() };
        step.write(&gpu, &[values]).unwrap();
        x.tensor.write(&gpu, &hostile.reals(x.tensor.len())).unwrap();
        rec.submit();
        results.iter().for_each(|result| drop(result.words(&gpu, "result")));
        x.words(&gpu, "x");
    }
    gpu.healthy().unwrap();
}
