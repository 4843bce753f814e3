//! What dispatches state of their work, against numbers worked out by hand.

use crate::skip::skip;
use dann::check::{Case, cases, find, record};
use dann::gpu::{Gpu, Options, Phase, Variant, Work, choose};
use dann::model::Dann;
use dann::train::{Config, TrainingStep};

fn gpu(variant: Variant) -> Gpu {
    Gpu::open(&choose(None).unwrap(), Options::default().variant(variant)).unwrap()
}

fn case(op: &str, name: &str) -> Case {
    cases().find(|case| case.op == op && case.name == name).unwrap()
}

/// What the kernels of a case state, by their labels.
fn stated(case: &Case, variant: Variant) -> Vec<(&'static str, Work)> {
    let gpu = gpu(variant);
    let rig = record(find(&case.op).unwrap(), &gpu, case).unwrap();
    rig.rec.dispatches().iter().map(|dispatch| (dispatch.kernel.label, dispatch.work.clone())).collect()
}

fn of<'a>(works: &'a [(&str, Work)], label: &str) -> &'a Work {
    &works.iter().find(|(kernel, _)| *kernel == label).unwrap_or_else(|| panic!("no {label}")).1
}

#[test]
fn a_plain_convolution_multiplies_and_adds_for_each_tap() {
    // x 2×3×28×28, weight 32×3×5×5: 2 · 32 · 24 · 24 values of 75 taps.
    let works = stated(&case("conv_block", "feature_extractor.conv1"), Variant::Plain);
    for label in ["conv2d.forward", "conv2d.backward_input", "conv2d.backward_weight"] {
        assert_eq!(of(&works, label).flops, 2 * 36_864 * 75, "{label}");
    }
    let (x, weight, bias, y) = (4_704, 2_400, 32, 36_864);
    let forward = of(&works, "conv2d.forward");
    assert_eq!((forward.bytes, &*forward.shape), (4 * (x + weight + bias + y), "2×3×28×28 * 32×3×5×5"));
    assert_eq!(of(&works, "conv2d.backward_input").bytes, 4 * (x + weight + y));
    let bias_work = of(&works, "conv2d.backward_bias");
    assert_eq!((bias_work.flops, bias_work.bytes), (y, 4 * (y + bias)));
    // Windows of four values.
    assert_eq!(of(&works, "max_pool2d.forward").flops, y);
}

#[test]
fn a_fused_block_spends_a_quarter_on_the_gradients() {
    // x 1×4×13×21, weight 20×4×5×5: 4 × 8 windows of a map of 9 × 17, 100 taps.
    let works = stated(&case("conv_block", "width 17, odd height"), Variant::Register);
    let windows = 20 * 4 * 8;
    assert_eq!(of(&works, "conv2d_tile.pooled").flops, 2 * 4 * windows * 100 + 5 * windows);
    assert_eq!(of(&works, "conv2d_weight_pooled.sums").flops, 2 * windows * 100);
    assert_eq!(of(&works, "conv2d_spread.spread").flops, 2 * windows * 100);
}

#[test]
fn an_image_is_convolved_in_winograds_domain() {
    // x 2×3×28×28, weight 32×3×5×5: 8×8 values, 36 tiles of 4×4 an image, four windows each.
    let works = stated(&case("conv_block", "feature_extractor.conv1"), Variant::Register);
    let tile = 3 * 16 * 38 + 32 * (2 * 64 * 3 + 12 * 22 + 4 * 5);
    assert_eq!(of(&works, "winograd_image.pooled").flops, 2 * 36 * tile);
    assert_eq!(of(&works, "winograd_weight.image").flops, 32 * 3 * 13 * 29);
    assert_eq!(of(&works, "conv2d_weight_pooled_of_three.sums").flops, 2 * 36_864 / 4 * 75);
}

#[test]
fn products_go_over_the_full_map_both_ways() {
    // Depths of thousands are added up in parts by all but the last.
    let families = [
        (Variant::Workgroup, "workgroup", "sums"),
        (Variant::Half, "half", "sums"),
        (Variant::Cooperative, "cooperative", "sums"),
        (Variant::Subgroup, "subgroup", "backward_weight"),
    ];
    for (variant, family, weight) in families {
        if choose(None).unwrap().variant_obstacle(variant).is_some() {
            skip(format_args!("this adapter cannot run {variant} kernels"));
            continue;
        }
        let works = stated(&case("conv_block", "feature_extractor.conv1"), variant);
        let of = |pass: &str| of(&works, &format!("{family}_gemm.{pass}")).flops;
        assert_eq!(of("forward_pooled"), 2 * 36_864 * 75 + 5 * 36_864 / 4);
        assert_eq!([of(weight), of("backward_input")], [2 * 36_864 * 75; 2]);
    }
}

#[test]
fn products_in_winograds_domain_take_a_share_of_the_direct_ones() {
    // x 2×32×12×12, weight 48×32×5×5: 8×8 values, four tiles of 4×4 an image.
    let works = stated(&case("conv_block", "feature_extractor.conv2"), Variant::Register);
    let direct = 2 * 2 * 64 * 48 * 32 * 25;
    let product = of(&works, "winograd_gemm.sum_channels").flops;
    assert_eq!(product, 2 * 64 * 8 * 48 * 32);
    assert_eq!(product * 25, direct * 4);
    assert_eq!(of(&works, "winograd_gemm.sum_tiles").flops, product);
    assert_eq!(of(&works, "winograd_transform.input").flops, 8 * 32 * 16 * 38);
}

#[test]
fn what_is_updated_in_place_moves_twice_and_of_tables_only_what_is_touched() {
    let works = stated(&case("sgd", "momentum"), Variant::Plain);
    let update = of(&works, "sgd.update");
    // Five for the velocity, one for the group's learning rate, two for the weight.
    assert_eq!((update.flops, update.bytes), (8 * 17 * 65, 5 * 4 * 17 * 65));
    let works = stated(&case("metrics", "ragged"), Variant::Plain);
    assert_eq!(of(&works, "metrics.reduce").bytes, 4 * (65 * 10 + 65 + 65 + 2));
    // 15 of 17 images of 3×3×5 bytes, in chunks of 7, 7 and 3: as many of the rows, rounded up, as their share.
    let works = stated(&case("gather_batch", "three chunks, colour"), Variant::Plain);
    let bytes: Vec<_> = works.iter().map(|(_, work)| work.bytes).collect();
    let images = |rows: u64| 4 * (15 + 6 + rows * 45) + rows * 45;
    assert_eq!(bytes, [images(7), images(7), images(3), 3 * 4 * 15]);
}

#[test]
fn a_step_runs_through_its_phases_in_order() {
    for variant in Variant::ALL {
        let gpu = gpu(variant);
        let config = Config::preset("paper").unwrap();
        let model = Dann::new(&gpu, &config.model).unwrap();
        let step = TrainingStep::new(&model, 2, config.training.objective().unwrap(), 1).unwrap();
        let mut phases: Vec<Phase> = step.recording().dispatches().iter().map(|d| d.phase).collect();
        phases.dedup();
        use Phase::{Backward, Forward, Loss, Update};
        assert_eq!(phases, [Forward, Loss, Backward, Forward, Loss, Backward, Update], "{variant:?}");
    }
}
