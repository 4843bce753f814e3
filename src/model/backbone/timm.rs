//! The names that timm gives the tensors of EfficientNet-Lite0 (`tf_efficientnet_lite0`, `efficientnet_lite0`).

use super::efficientnet::STAGES;

/// The name in the PyPI package of the tensor that timm calls `name`; none if timm has none of that name.
pub(super) fn own_name(name: &str) -> Option<String> {
    if let Some(block) = name.strip_prefix("blocks.") {
        return of_block(block);
    }
    let (layer, tensor) = name.split_once('.')?;
    let own = match layer {
        "conv_stem" => "_conv_stem",
        "bn1" => "_bn0",
        "conv_head" => "_conv_head",
        "bn2" => "_bn1",
        "classifier" => "_fc",
        _ => return None,
    };
    Some(format!("{own}.{tensor}"))
}

/// Of what follows `blocks.`: stage, block within it, layer and tensor.
fn of_block(block: &str) -> Option<String> {
    let mut parts = block.splitn(4, '.');
    let (stage, index): (usize, usize) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let (layer, tensor) = (parts.next()?, parts.next()?);
    let own = match (STAGES.get(stage)?.expansion > 1, layer) {
        (_, "conv_dw") => "_depthwise_conv",
        (false, "bn1") | (true, "bn2") => "_bn1",
        (false, "conv_pw") | (true, "conv_pwl") => "_project_conv",
        (false, "bn2") | (true, "bn3") => "_bn2",
        (true, "conv_pw") => "_expand_conv",
        (true, "bn1") => "_bn0",
        _ => return None,
    };
    let before: usize = STAGES[..stage].iter().map(|stage| stage.blocks).sum();
    Some(format!("_blocks.{}.{own}.{tensor}", before + index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_timm_are_those_of_the_package() {
        for (timm, own) in [
            ("conv_stem.weight", "_conv_stem.weight"),
            ("bn1.running_mean", "_bn0.running_mean"),
            ("blocks.0.0.conv_dw.weight", "_blocks.0._depthwise_conv.weight"),
            ("blocks.0.0.bn2.bias", "_blocks.0._bn2.bias"),
            ("blocks.1.1.conv_pw.weight", "_blocks.2._expand_conv.weight"),
            ("blocks.5.3.bn3.running_var", "_blocks.14._bn2.running_var"),
            ("blocks.6.0.conv_pwl.weight", "_blocks.15._project_conv.weight"),
            ("bn2.weight", "_bn1.weight"),
            ("classifier.bias", "_fc.bias"),
        ] {
            assert_eq!(own_name(timm).as_deref(), Some(own));
        }
        for other in ["_conv_stem.weight", "blocks.7.0.bn1.weight", "blocks.0.0.conv_pwl.weight", "blocks.x"]
        {
            assert_eq!(own_name(other), None, "{other}");
        }
    }
}
