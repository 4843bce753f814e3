//! Domain-adversarial training of neural networks (DANN; Ganin & Lempitsky 2015, JMLR 17(59) 2016) as WGSL
//! compute kernels on wgpu.
//!
//! From labelled images (the source) a network learns to classify unlabelled, different-looking ones (the target).
//!
//! # Train
//!
//! From data sets on disk, with a recipe that comes along, into a run's directory ([`fit`]; feature `fit`):
//!
//! ```no_run
//! use dann::fit::{Sets, Training};
//! use dann::gpu::{Gpu, Options, choose};
//! use dann::train::Config;
//!
//! # fn main() -> dann::error::Result<()> {
//! let config = Config::preset("demo")?;
//! let sets = Sets::read("data/mnist".as_ref(), "data/mnist_m".as_ref(), &config)?;
//! let open = || Gpu::open(&choose(None)?, Options::default());
//! let trained = Training::new(config).directory("runs/first").run(&sets, &open, &mut [])?;
//! println!("accuracy on the target: {:?}", trained.result.report.target_test_accuracy);
//! # Ok(())
//! # }
//! ```
//!
//! # Classify
//!
//! With the model of a run, a picture of any size ([`train`]; features `embed` and `data`):
//!
//! ```no_run
//! use dann::data::{PictureSize, read_picture};
//! use dann::gpu::{Gpu, Options, choose};
//! use dann::model::Domain;
//! use dann::train::{Inspector, RunDirectory, argmax, softmax};
//!
//! # fn main() -> dann::error::Result<()> {
//! let gpu = Gpu::open(&choose(None)?, Options::default())?;
//! let checkpoint = RunDirectory::checkpoint("runs/first".as_ref())?;
//! let input = &checkpoint.config.model.input;
//! let size = PictureSize { channels: input.channels, frame: input.frame() };
//! let picture = read_picture("picture.png".as_ref(), size)?;
//! let inspector = Inspector::for_images(&checkpoint.model(&gpu)?, 1, size.channels, Domain::Target)?;
//! let logits = inspector.inspect(&picture)?.logits;
//! let class = argmax(&logits);
//! println!("{} ({:.1} %)", checkpoint.class(class), 100.0 * softmax(&logits)[class]);
//! # Ok(())
//! # }
//! ```
//!
//! # Profile
//!
//! A training step, kernel by kernel ([`profile`]; feature `profile`):
//!
//! ```no_run
//! use dann::gpu::{Gpu, Options, choose};
//! use dann::profile::{Peaks, Samples, Stopwatch};
//! use dann::train::{Config, StepBench};
//!
//! # fn main() -> dann::error::Result<()> {
//! let gpu = Gpu::open(&choose(None)?, Options::default())?;
//! let bench = StepBench::new(&gpu, &Config::preset("paper")?)?;
//! let mut stopwatch = Stopwatch::new(&gpu, None)?;
//! let peaks = Peaks::measure(&gpu, &mut stopwatch)?;
//! let prepare = |encoder: &mut dann::wgpu::CommandEncoder| bench.prepare(encoder);
//! let samples = Samples::take(&mut stopwatch, &bench.recordings(), 20, &prepare, &|| bench.time(1))?;
//! let report = samples.report(gpu.name(), "preset paper", stopwatch.clock(), &peaks)?;
//! for kernel in &report.kernels {
//!     println!("{}: {:.3} ms", kernel.kernel, kernel.ms);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # A whole program
//!
//! Images in memory, a recipe as text, and nothing on disk:
//!
//! ```
//! use dann::data::Dataset;
//! use dann::error::Result;
//! use dann::fit::{Sets, Training};
//! use dann::gpu::{Gpu, Options, choose};
//! use dann::shape::MapShape;
//! use dann::train::Config;
//!
//! const RECIPE: &str = r#"
//! [training]
//! epochs = 3
//! batch = 16
//! momentum = 0.9
//! learning_rate = { initial = 0.05, alpha = 10.0, beta = 0.75 }
//! lambda = { maximum = 1.0, gamma = 10.0 }
//! [model]
//! feature_extractor = [{ layer = "dense", outputs = 16 }, { layer = "relu" }]
//! label_predictor = [{ layer = "dense", outputs = 2 }]
//! domain_classifier = [{ layer = "dense", outputs = 2 }]
//! [model.input]
//! channels = 1
//! height = 4
//! width = 4
//! normalization = { scale = [2.0], shift = [-1.0] }
//! "#;
//!
//! /// Bright images of class 1 and dark ones of class 0, all of them brighter by `light`.
//! fn images(light: u8) -> Result<Dataset> {
//!     let labels: Vec<u16> = (0..64).map(|i| i % 2).collect();
//!     let shades = (0..64).map(|i| 120 * (i % 2) + light + i / 2);
//!     let images = shades.flat_map(|shade| [shade; 16]).collect();
//!     Dataset::new(MapShape::new(1, 4, 4), images, Some(labels), vec!["dark".into(), "bright".into()])
//! }
//!
//! # fn main() -> Result<()> {
//! # if choose(None).is_err() {
//! #     return Ok(()); // Nothing to run it on.
//! # }
//! let open = || Gpu::open(&choose(None)?, Options::default());
//! let mut sets = Sets::new(images(0)?, Some(images(60)?));
//! sets.target_test = Some(images(60)?); // For the report alone.
//! let trained = Training::new(Config::parse("the recipe", RECIPE)?).run(&sets, &open, &mut [])?;
//! println!("accuracy on the target: {:?}", trained.result.report.target_test_accuracy);
//! # assert!(trained.result.report.target_test_accuracy.is_some_and(|accuracy| accuracy > 0.9));
//! # Ok(())
//! # }
//! ```
//!
//! Real data sets come from [`data::load`]; [`embed`] trains between the frames of an application. The book in `docs/` tells of
//! recipes, methods and the program.
//!
//! # How it is built
//!
//! ```text
//!                        ┌─► label predictor ──► L_y (source rows)
//! data ──► batch ──► feature extractor
//!   (u8 on the GPU)      └─► gradient reversal ──► domain classifier ──► L_d (source and target rows)
//!
//! L = L_y + L_d; backwards, the reversal turns dy into -λ·dy; SGD updates all parameters in one dispatch.
//! ```
//!
//! | module | holds | uses | feature |
//! |---|---|---|---|
//! | [`error`], [`shape`] | what all others share | – | – |
//! | [`data`] | reading, making and fetching data sets | the shared ones | –; reading `data`; fetching and making `fetch` |
//! | [`gpu`] | choosing and opening a device | the shared ones | `embed` |
//! | [`model`] | layers, parameters, the step's recording | ops, gpu | `embed` |
//! | [`train`] | recipes, the loop, evaluation, what is kept of a run | model, data | `embed` |
//! | [`fit`] | training from the first step to the last: checkpoints, resuming, lost devices, observers | train, data | `fit` |
//! | [`selection`] | choosing checkpoints and runs without target labels | train, model, data | `fit` |
//! | [`embed`] | training and classifying inside an application, on its own device | train | `embed` |
//! | [`experiment`] | recipes × methods × seeds, made and put side by side | fit, selection, train | `fit` |
//! | [`export`] | models for other programs, and from them | train, model | `export` |
//! | [`report`] | TensorBoard's files, pages | fit, selection, train, model, data | `report` |
//! | [`profile`] | where a step's time goes, and how far kernels are from the limit | gpu, ops | `profile` |
//! | `rng` | a stream of random numbers for every consumer | – | `unstable` |
//! | `ops` | every op: kernels recorded, an f64 twin, cases | gpu, contract | `embed`, `unstable` |
//! | `contract` | what every op is held to | gpu | `check` |
//! | `check` | kernels against twins and golden files | ops, contract | `check` |
//! | `golden_steps` | whole training steps against golden files | check, train | `check` |
//! | `golden_photos` | networks for photographs against golden files | check, train, data | `check` and `data` |
//!
//! The feature `cli`, on by default, is the program `dann` and brings all others but `mpi`. The chapter of the book about
//! embedding (`docs/src/embedding.md`) says how many crates each feature brings. With the feature `cache` the choices of
//! `dann tune` and what drivers have compiled are kept in the user's cache directory.
//!
//! The feature `unstable`, which `check` and `cli` bring along, makes public what the program, the tests and the benches
//! need besides: tensors, recordings, kernels and the modules without a link above. None of it is promised to stay from one
//! version to the next.
//!
//! Dimensions are called N (rows of a batch), C (channels), H, W (height, width), O (outputs), I (inputs of a dense
//! layer), K (classes), KH and KW (kernel); public tensors are row-major NCHW.
#![deny(missing_docs, missing_debug_implementations, private_interfaces, private_bounds, unnameable_types)]
#![cfg_attr(
    not(feature = "unstable"),
    allow(
        dead_code,
        unused_imports,
        reason = "the program, the tests and the benches call it, with `unstable`"
    )
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "check")]
pub mod check;
#[cfg(feature = "check")]
pub mod contract;
pub mod data;
#[cfg(feature = "embed")]
pub mod embed;
pub mod error;
#[cfg(feature = "fit")]
pub mod experiment;
#[cfg(feature = "export")]
pub mod export;
#[cfg(feature = "fit")]
pub mod fit;
#[cfg(all(feature = "check", feature = "data"))]
pub mod golden_photos;
#[cfg(feature = "check")]
pub mod golden_steps;
#[cfg(feature = "embed")]
pub mod gpu;
#[cfg(feature = "embed")]
pub mod model;
#[cfg(all(feature = "embed", not(feature = "unstable")))]
mod ops;
#[cfg(all(feature = "embed", feature = "unstable"))]
pub mod ops;
#[cfg(feature = "profile")]
pub mod profile;
#[cfg(feature = "report")]
pub mod report;
#[cfg(not(feature = "unstable"))]
mod rng;
#[cfg(feature = "unstable")]
pub mod rng;
#[cfg(feature = "fit")]
pub mod selection;
pub mod shape;
#[cfg(feature = "embed")]
pub mod train;

#[cfg(feature = "embed")]
pub use wgpu;
