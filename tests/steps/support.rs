//! Devices and made-up images for several of the tests.

use crate::skip::skip;
use dann::data::Dataset;
use dann::gpu::{Gpu, Options, ShaderChecks, Variant, choose};
use dann::shape::MapShape;

pub fn gpu(variant: Variant) -> Gpu {
    let options = Options::default().checks(ShaderChecks::Trusted).variant(variant);
    Gpu::open(&choose(None).unwrap(), options).unwrap()
}

/// The families that this adapter can run.
pub fn possible() -> impl Iterator<Item = Variant> {
    let adapter = choose(None).unwrap();
    Variant::every().filter(move |&variant| {
        let obstacle = adapter.variant_obstacle(variant);
        obstacle.iter().for_each(|obstacle| skip(format_args!("{variant} kernels: {obstacle}")));
        obstacle.is_none()
    })
}

/// 24 made-up images of 12×10, labelled with so many classes in turn.
pub fn data(classes: u16) -> Dataset {
    const IMAGES: usize = 24;
    let shape = MapShape::new(3, 12, 10);
    let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0];
    let images = (0..IMAGES * shape.len()).map(noise).collect();
    let labels = (0..classes).cycle().take(IMAGES).collect();
    let names = (0..classes).map(|class| class.to_string()).collect();
    Dataset::new(shape, images, Some(labels), names).unwrap()
}
