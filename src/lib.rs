//! Domain-adversarial training of neural networks (DANN; Ganin & Lempitsky 2015, JMLR 17(59) 2016) as WGSL
//! compute kernels on wgpu.
//!
//! ```text
//!                        ┌─► label predictor ──► L_y (source rows)
//! data ──► batch ──► feature extractor
//!   (u8 on the GPU)      └─► gradient reversal ──► domain classifier ──► L_d (source and target rows)
//!
//! L = L_y + L_d; backwards, the reversal turns dy into -λ·dy; SGD updates all parameters in one dispatch.
//! ```
//!
//! | module | holds | uses |
//! |---|---|---|
//! | [`error`], [`shape`], [`rng`] | what all others share | – |
//! | [`data`] | reading, making and fetching data sets | the shared ones |
//! | [`gpu`] | device, tensors, kernels, recordings | the shared ones |
//! | [`contract`] | what every op is held to | gpu |
//! | [`ops`] | every op: kernels recorded, an f64 twin, cases | gpu, contract |
//! | [`model`] | layers, parameters, the step's recording | ops |
//! | [`train`] | schedules, the loop, evaluation, what is kept of a run | model, data |
//! | [`fit`] | training from the first step to the last: checkpoints, resuming, lost devices, observers | train, data |
//! | [`selection`] | choosing checkpoints and runs without target labels | train, model, data |
//! | [`embed`] | training and classifying inside an application, on its own device | train |
//! | [`experiment`] | recipes × methods × seeds, made and put side by side | fit, selection, train |
//! | [`export`] | models for other programs, and from them | train, model |
//! | [`report`] | TensorBoard's files, pictures, pages | fit, selection, train, model, data |
//! | [`check`] | kernels against twins and golden files | ops, contract |
//! | [`golden_steps`] | whole training steps against golden files | check, train |
//! | [`profile`] | where a step's time goes, and how far kernels are from the limit | gpu, ops |
//!
//! Dimensions are called N (rows of a batch), C (channels), H, W (height, width), O (outputs), I (inputs of a dense
//! layer), K (classes), KH and KW (kernel); public tensors are row-major NCHW.
#![deny(missing_docs)]

pub mod check;
pub mod contract;
pub mod data;
pub mod embed;
pub mod error;
pub mod experiment;
pub mod export;
pub mod fit;
pub mod golden_steps;
pub mod gpu;
pub mod model;
pub mod ops;
pub mod profile;
pub mod report;
pub mod rng;
pub mod selection;
pub mod shape;
pub mod train;

pub use wgpu;
