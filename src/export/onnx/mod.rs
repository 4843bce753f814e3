//! ONNX files: from the bytes of images to the logits of their classes and, where it was trained, the domain
//! classifier's.
//!
//! ```no_run
//! use dann::export::onnx;
//! use dann::model::Domain;
//! use dann::train::RunDirectory;
//!
//! # fn main() -> dann::error::Result<()> {
//! let checkpoint = RunDirectory::checkpoint("runs/first".as_ref())?;
//! // For images of the target, whose normalisation may be its own.
//! onnx::write(&checkpoint, Domain::Target, "first.onnx".as_ref())?;
//! # Ok(())
//! # }
//! ```

mod graph;
mod messages;
mod pictures;

use crate::error::Result;
use crate::model::{Domain, DomainInput, Normalization};
use crate::train::{Checkpoint, Method, write_whole};
use graph::Graph;
use messages::{Element, Entry, ModelProto, OperatorSetId};
use prost::Message as _;
use std::path::Path;

/// Opset 17 and the file format of its time: read by every runtime since 2022.
const OPSET: i64 = 17;
const IR_VERSION: i64 = 8;

/// What the input is called.
pub const IMAGES: &str = "images";
/// What the logits of the classes are called.
pub const LOGITS: &str = "logits";
/// What the logits of the domains (source, target) are called.
pub const DOMAIN_LOGITS: &str = "domain_logits";

/// Writes the model in evaluation mode for images of `domain`, with their normalisation in front of it.
///
/// # Errors
/// [`crate::error::Error::Io`] naming the file, [`crate::error::Error::Input`] when the model is no network that can be written.
pub fn write(checkpoint: &Checkpoint, domain: Domain, path: &Path) -> Result<()> {
    let normalization = checkpoint.config.model.input.normalization_of(domain);
    write_whole(path, &model(&checkpoint.of_domain(domain)?, normalization)?.encode_to_vec())
}

fn model(checkpoint: &Checkpoint, normalization: &Normalization) -> Result<ModelProto> {
    let spec = &checkpoint.config.model;
    let [extractor, predictor, classifier] = &spec.graphs()?;
    let mut graph = Graph::new(checkpoint.values());
    graph.input(IMAGES, Element::Uint8, spec.input.shape());
    let x = graph.normalized(IMAGES, normalization);
    let features = graph.part(&x, extractor)?;
    let logits = graph.part(&features, predictor)?;
    graph.output(LOGITS, &logits, spec.classes()?);
    // Other methods leave the domain classifier as it was drawn.
    if checkpoint.config.training.method == Method::Dann {
        let given = match spec.domain_input {
            DomainInput::Conditional => {
                let shape = spec.domain_input.shape(extractor.y, predictor.y.channels);
                graph.conditional(&features, &logits, shape)
            }
            DomainInput::Features => features,
        };
        let domains = graph.part(&given, classifier)?;
        graph.output(DOMAIN_LOGITS, &domains, 2);
    }
    Ok(ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some(env!("CARGO_PKG_NAME").into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        doc_string: Some(description(checkpoint, normalization)),
        graph: Some(graph.finish(env!("CARGO_PKG_NAME"))),
        opset_import: vec![OperatorSetId { domain: Some(String::new()), version: Some(OPSET) }],
        metadata_props: metadata(checkpoint, normalization)?,
    })
}

fn description(checkpoint: &Checkpoint, normalization: &Normalization) -> String {
    let input = &checkpoint.config.model.input;
    format!(
        "{IMAGES}: bytes 0 to 255, (N, {}, {}, {}), {}. The graph itself normalises them: byte / 255 · scale + shift with \
         scale {:?} and shift {:?}. {LOGITS}: (N, K) before the softmax. {DOMAIN_LOGITS}, of models trained \
         with gradient reversal: (N, 2), source and target.",
        input.channels,
        input.height,
        input.width,
        pictures::in_words(input),
        normalization.scale,
        normalization.shift
    )
}

fn metadata(checkpoint: &Checkpoint, normalization: &Normalization) -> Result<Vec<Entry>> {
    let classes: Vec<String> = (0..checkpoint.config.model.classes()?).map(|k| checkpoint.class(k)).collect();
    let entries = [
        ("classes", serde_json::json!(classes).to_string()),
        ("input", pictures::described(&checkpoint.config.model.input).to_string()),
        ("normalization", serde_json::json!(normalization).to_string()),
        ("config", checkpoint.config.to_toml()?),
        ("step", checkpoint.step.to_string()),
    ];
    let entry = |(key, value): (&str, String)| Entry { key: Some(key.into()), value: Some(value) };
    Ok(entries.map(entry).into())
}
