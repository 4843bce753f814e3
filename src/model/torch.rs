//! The network as modules of `torch.nn`, for whoever builds them there.

use super::backbone;
use super::graph::{Graph, Node};
use super::layers::{Form, LayerSpec};
use super::spec::ModelSpec;
use crate::error::Result;
use serde_json::{Value, json};

impl ModelSpec {
    /// The backbone's name, and the modules of each part, under its name: a list of `{"name", "class", "arguments"}`, and of
    /// `{"name", "body", "shortcut"}` for residual blocks, whose lists are of the same kind. Names are those of the
    /// tensors.
    ///
    /// # Errors
    /// As [`ModelSpec::check`].
    pub fn torch_modules(&self) -> Result<Value> {
        let [extractor, predictor, classifier] = self.graphs()?;
        let label_predictor = self.classes.of_recipe(&self.label_predictor)?;
        let part = |graph: &Graph, layers: &[LayerSpec]| {
            modules(layers, &mut graph.nodes.iter().filter(|node| !backbone::owns(&node.name)))
        };
        let mut all = json!({
            "feature_extractor": part(&extractor, &self.feature_extractor),
            "label_predictor": part(&predictor, &label_predictor),
            "domain_classifier": part(&classifier, &self.domain_classifier),
        });
        if let Some(backbone) = self.backbone {
            all["backbone"] = json!(backbone);
        }
        Ok(all)
    }
}

/// The modules of `layers`, whose nodes are the next ones.
fn modules<'a>(layers: &[LayerSpec], nodes: &mut impl Iterator<Item = &'a Node>) -> Vec<Value> {
    let mut all = Vec::new();
    for spec in layers {
        match spec.form() {
            Form::Residual(residual) => {
                let body = modules(&residual.body, &mut *nodes);
                let shortcut = modules(&residual.shortcut, &mut *nodes);
                // The sum comes last.
                let name = nodes.next().map(own_name);
                all.push(json!({ "name": name, "body": body, "shortcut": shortcut }));
            }
            Form::Node(layer) => {
                let Some(node) = nodes.next() else { continue };
                all.extend(layer.torch(&node.x, node.y).into_iter().map(|module| {
                    let name = format!("{}{}", own_name(node), module.suffix);
                    json!({ "name": name, "class": module.class, "arguments": module.arguments })
                }));
            }
        }
    }
    all
}

/// The last part of a node's name.
fn own_name(node: &Node) -> &str {
    node.name.rsplit('.').next().unwrap_or_default()
}
