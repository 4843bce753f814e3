//! Several ranks at one training, here threads: they come to what one rank comes to that adds up as many batches.

use super::accumulated::{plain, values};
use super::*;
use crate::fit::follow;
use crate::train::{BatchNormRanks, Communicator};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How long a rank waits for the others: if one of them has failed, they do not come.
const PATIENCE: Duration = Duration::from_secs(120);

/// A rank that is a thread.
struct Thread {
    rank: usize,
    common: Arc<Common>,
}

struct Common {
    ranks: usize,
    meeting: Mutex<Meeting>,
    complete: Condvar,
    /// What each rank has brought.
    brought: Mutex<Vec<Vec<u8>>>,
}

/// How often all ranks have met, and how many are there for the next time.
#[derive(Default)]
struct Meeting {
    met: usize,
    there: usize,
}

impl Common {
    fn new(ranks: usize) -> Self {
        let brought = Mutex::new(vec![vec![]; ranks]);
        Self { ranks, meeting: Mutex::default(), complete: Condvar::new(), brought }
    }

    /// Waits until all ranks are here.
    fn meet(&self) {
        let mut meeting = self.meeting.lock().expect("no panic");
        let met = meeting.met;
        meeting.there += 1;
        if meeting.there == self.ranks {
            *meeting = Meeting { met: met + 1, there: 0 };
            self.complete.notify_all();
            return;
        }
        let waited = self.complete.wait_timeout_while(meeting, PATIENCE, |meeting| meeting.met == met);
        assert!(!waited.expect("no panic").1.timed_out(), "the other ranks do not come");
    }
}

impl Thread {
    fn all(ranks: usize) -> Vec<Arc<Self>> {
        let common = Arc::new(Common::new(ranks));
        (0..ranks).map(|rank| Arc::new(Self { rank, common: common.clone() })).collect()
    }

    /// What all ranks have brought.
    fn gather(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.common.brought.lock().expect("no panic")[self.rank] = bytes.to_vec();
        self.common.meet();
        let all = self.common.brought.lock().expect("no panic").clone();
        self.common.meet();
        all
    }
}

impl Communicator for Thread {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.common.brought.lock().expect("no panic").len()
    }

    fn sum(&self, values: &mut [f32]) {
        let all = self.gather(bytemuck::cast_slice(values));
        values.fill(0.0);
        for of_rank in &all {
            let of_rank: Vec<f32> = bytemuck::pod_collect_to_vec(of_rank);
            values.iter_mut().zip(of_rank).for_each(|(sum, value)| *sum += value);
        }
    }

    fn broadcast(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.gather(bytes)[0]);
    }
}

/// What rank 0 of several comes to.
fn shared(training: Training, ranks: usize, observers: &mut [&mut dyn Observer]) -> Trained {
    shared_on(&sets(), training, ranks, observers)
}

fn shared_on(sets: &Sets, training: Training, ranks: usize, observers: &mut [&mut dyn Observer]) -> Trained {
    let threads = Thread::all(ranks);
    let config = training.config().clone();
    std::thread::scope(|scope| {
        for thread in threads[1..].iter().cloned() {
            let config = &config;
            scope.spawn(move || follow(config, sets, &open, thread, &|| false).expect("a rank"));
        }
        training.peers(threads[0].clone()).run(sets, &open, observers).expect("a training")
    })
}

/// What is trained, without running statistics.
fn parameters(trained: &Trained) -> Vec<f32> {
    let all = trained.checkpoint.values().iter().filter(|(name, _)| !name.contains("running"));
    all.flat_map(|(_, (_, values))| values.clone()).collect()
}

fn near(a: &Trained, b: &Trained) {
    assert_eq!(a.history.steps.len(), b.history.steps.len());
    for (a, b) in values(a).iter().zip(values(b)) {
        assert!((a - b).abs() <= 1e-5 * b.abs().max(1.0), "{a} is not {b}");
    }
    for (a, b) in a.history.steps.iter().zip(&b.history.steps) {
        assert_eq!((a.step, a.lambda), (b.step, b.lambda));
        assert!(
            (a.label_loss - b.label_loss).abs() < 1e-5 && (a.label_accuracy - b.label_accuracy).abs() < 1e-6
        );
        let [a, b] = [a, b].map(|step| step.domain_loss.expect("a domain loss"));
        assert!((a - b).abs() < 1e-5, "{a} is not {b}");
    }
}

#[test]
fn ranks_come_to_what_one_comes_to_with_the_same_batch() {
    for clip_norm in [None, Some(0.1)] {
        let mut config = plain(4, 1);
        config.training.clip_norm = clip_norm;
        let whole = trained(Training::new(config.clone()), &mut []);
        for ranks in [2, 4] {
            let parts = shared(Training::new(config.clone()), ranks, &mut []);
            assert_eq!((parts.result.ranks, parts.result.batch), (ranks, 4));
            near(&parts, &whole);
        }
        config.training.batch = 2;
        assert_ne!(values(&whole), values(&trained(Training::new(config), &mut [])));
    }
}

#[test]
fn batch_norm_that_is_synchronised_is_over_all_ranks_rows() {
    let dropless = |statistics: &str| {
        let text = CONFIG.replace("{ layer = \"dropout\", rate = 0.25 }, ", "").replace(
            "layer = \"batch_norm2d\"",
            &format!("layer = \"batch_norm2d\", statistics = \"{statistics}\""),
        );
        Config::parse("test", &text).expect("a recipe")
    };
    for statistics in ["shared", "per_domain"] {
        let whole = trained(Training::new(dropless(statistics)), &mut []);
        let mut config = dropless(statistics);
        let by_rank = shared(Training::new(config.clone()), 2, &mut []);
        config.training.batch_norm = BatchNormRanks::Synchronised;
        near(&shared(Training::new(config.clone()), 2, &mut []), &whole);
        (config.training.batch, config.training.accumulate) = (2, 2);
        let halves = shared(Training::new(config.clone()), 2, &mut []);
        near(&halves, &trained(Training::new(config), &mut []));
        let far = values(&by_rank).iter().zip(values(&whole)).any(|(a, b)| (a - b).abs() > 1e-3);
        assert!(far, "{statistics}: rows of a rank are too few to be like all rows");
    }
}

#[test]
fn batch_norm_of_a_backbone_is_synchronised_too() {
    let text =
        CONFIG.replace("epochs = 2", "epochs = 1\nsteps = 2").replace("initial = 0.01", "initial = 1e-6");
    let (training, model) = text.split_once("[model]").expect("two tables");
    let (_, input) = model.split_once("[model.input]").expect("two tables");
    let heads = "feature_extractor = [{ layer = \"global_avg_pool2d\" }]\n\
                 label_predictor = [{ layer = \"dense\", outputs = 10 }]\n\
                 domain_classifier = [{ layer = \"dense\", outputs = 2 }]";
    let text = format!("{training}[model]\nbackbone = \"efficientnet_lite0\"\n{heads}\n[model.input]{input}");
    let mut config = Config::parse("test", &text.replace("= 8\n", "= 32\n")).expect("a recipe");
    let of_images = |salt: u32| {
        let shape = config.model.input.shape();
        let noise = |i: usize| (i as u32 ^ salt).wrapping_mul(2_654_435_761).to_be_bytes()[0];
        let images = (0..8 * shape.len()).map(noise).collect();
        let classes = (0..10).map(|class| class.to_string()).collect();
        Dataset::new(shape, images, Some((0..8).collect()), classes).expect("a data set")
    };
    let sets = Sets::new(of_images(1), Some(of_images(2)));
    let losses = |trained: &Trained| -> Vec<f32> {
        trained.history.steps.iter().map(|step| step.label_loss).collect()
    };
    let whole = Training::new(config.clone()).run(&sets, &open, &mut []).expect("a training");
    let by_rank = shared_on(&sets, Training::new(config.clone()), 2, &mut []);
    config.training.batch_norm = BatchNormRanks::Synchronised;
    let joint = shared_on(&sets, Training::new(config.clone()), 2, &mut []);
    for (joint, whole) in losses(&joint).iter().zip(losses(&whole)) {
        assert!((joint - whole).abs() < 2e-4 * whole, "{joint} is not {whole}");
    }
    // Rounding grows on its way through fifty layers, which is why so little is learned here, but not to what a rank's own
    // statistics make of the gradients.
    let off = |trained: &Trained| -> f64 {
        let both = parameters(trained).into_iter().zip(parameters(&whole));
        both.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
    };
    assert!(off(&joint) < 0.02 * off(&by_rank), "{} of {}", off(&joint), off(&by_rank));
}

#[test]
fn ranks_draw_what_as_many_batches_of_one_rank_draw() {
    // Batch norm by the rank's rows, and dropout of its own.
    let mut config = config();
    (config.training.batch, config.training.accumulate) = (2, 2);
    let one = trained(Training::new(config.clone()), &mut []);
    (config.training.batch, config.training.accumulate) = (4, 1);
    let two = shared(Training::new(config.clone()), 2, &mut []);
    for (two, one) in two.history.steps.iter().zip(&one.history.steps) {
        assert!((two.label_loss - one.label_loss).abs() < 1e-4, "{two:?} is not {one:?}");
    }
    for (two, one) in parameters(&two).iter().zip(parameters(&one)) {
        assert!((two - one).abs() <= 1e-4 * one.abs().max(1.0), "{two} is not {one}");
    }
    near(&shared(Training::new(plain(2, 2)), 2, &mut []), &trained(Training::new(plain(1, 4)), &mut []));
}

#[test]
fn the_same_ranks_come_to_the_same_bits_whatever_happens_on_the_way() {
    let whole = shared(Training::new(config()), 2, &mut []);
    assert_eq!(outcome(&whole), outcome(&shared(Training::new(config()), 2, &mut [])));
    for stop_at in [1, 4] {
        let directory = tempfile::tempdir().expect("a directory");
        let mut witness = Witness { stop_at: Some(stop_at), ..Witness::default() };
        let training = Training::new(config()).directory(directory.path()).checkpoint_every(1);
        let stopped = shared(training, 2, &mut [&mut witness]);
        assert!(!stopped.complete);
        let resumed = Training::resume(directory.path()).expect("a run");
        let resumed = shared(resumed, 2, &mut []);
        assert!(resumed.complete && outcome(&resumed) == outcome(&whole), "{stop_at}");
    }
}

#[test]
fn a_rank_that_wishes_for_an_end_ends_all_with_a_checkpoint() {
    let directory = tempfile::tempdir().expect("a directory");
    let (config, threads) = (plain(4, 1), Thread::all(2));
    let stopped = std::thread::scope(|scope| {
        let (config, second) = (&config, threads[1].clone());
        scope.spawn(move || follow(config, &sets(), &open, second, &|| true).expect("a rank"));
        let training = Training::new(config.clone()).directory(directory.path());
        trained(training.peers(threads[0].clone()), &mut [])
    });
    assert!(!stopped.complete && stopped.result.steps == 1);
    let resumed = trained(Training::resume(directory.path()).expect("a run"), &mut []);
    near(&resumed, &trained(Training::new(config), &mut []));
}

#[test]
fn another_number_of_ranks_goes_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut witness = Witness { stop_at: Some(2), ..Witness::default() };
    let training = Training::new(plain(4, 1)).directory(directory.path()).checkpoint_every(1);
    shared(training, 4, &mut [&mut witness]);
    let resumed = shared(Training::resume(directory.path()).expect("a run"), 2, &mut []);
    assert!(resumed.complete);
    near(&resumed, &trained(Training::new(plain(4, 1)), &mut []));
}

#[test]
fn a_batch_that_ranks_cannot_share_is_refused() {
    let thread = Thread::all(3).remove(1);
    let data = data(1);
    let error = crate::train::Stepper::with_peers(
        &open().expect("a device"),
        &plain(4, 1),
        &data,
        Some(&data),
        Some(thread),
    );
    let error = error.expect_err("4 rows for 3 ranks").to_string();
    assert!(error.contains("training.batch: expected a multiple of the 3 ranks"), "{error}");
}
