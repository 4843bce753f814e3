//! Pipelines that are built with an application's own cache.

use crate::application::{Application, adapter, config, data};
use crate::skip::skip;
use dann::embed::{Gpu, Trainer, TrainerOptions, optional_features, required_limits};
use dann::error::{Error, Result};
use dann::gpu::Options;
use dann::train::StepMetrics;
use dann::wgpu;

/// A device with caches, or a word about why there is none.
fn application() -> Option<Application> {
    on(&adapter())
}

fn on(adapter: &wgpu::Adapter) -> Option<Application> {
    let feature = wgpu::Features::PIPELINE_CACHE;
    if !adapter.features().contains(feature) {
        skip(format_args!("{} has no pipeline caches", adapter.get_info().name));
        return None;
    }
    let (features, limits) = (optional_features(adapter) | feature, required_limits(adapter));
    Some(Application::with(adapter.clone(), features, limits))
}

fn cache(app: &Application, data: Option<&[u8]>) -> wgpu::PipelineCache {
    let descriptor = wgpu::PipelineCacheDescriptor { label: Some("the application's"), data, fallback: true };
    // SAFETY: the data, if any, are what such a cache gave before in the same process.
    unsafe { app.device.create_pipeline_cache(&descriptor) }
}

fn trainer(app: &Application, cache: &wgpu::PipelineCache) -> Result<Trainer> {
    let gpu = Gpu::borrow_with_cache(&app.device, &app.queue, cache, Options::default())?;
    let (labelled, unlabelled) = (data(1), data(2));
    Trainer::on(&gpu, TrainerOptions::new(config(), &labelled, Some(&unlabelled)))
}

/// A first trainer's steps, and what lies in the cache then.
fn steps(app: &Application, cache: &wgpu::PipelineCache) -> (Vec<StepMetrics>, Vec<u8>) {
    let steps = app.frame(&mut trainer(app, cache).unwrap(), 3);
    (steps, cache.get_data().expect("a cache with data"))
}

#[test]
fn a_cache_gives_the_same_steps_and_stays_the_applications() {
    let Some(app) = application() else { return };
    let empty = cache(&app, None).get_data().expect("a cache with data").len();
    let own = cache(&app, None);
    let (first, kept) = steps(&app, &own);
    assert_eq!(first, app.frame(&mut app.trainer(), 3), "other steps than without a cache");
    // Some drivers keep pipelines elsewhere, and give no more than a header.
    assert!(kept.len() >= empty, "{} bytes, of an empty cache {empty}", kept.len());
    eprintln!("{} bytes in the cache, {empty} in an empty one", kept.len());
    let Some(later) = application() else { return };
    let (again, _) = steps(&later, &cache(&later, Some(&kept)));
    assert_eq!(again, first, "other steps with what was kept");
}

/// wgpu refuses to build a pipeline with the cache of another device: so every kernel shows that it is built with one.
#[test]
fn every_kernel_is_built_with_the_cache() {
    // Of one instance, or nothing of the one is known to the other at all.
    let adapter = adapter();
    let (Some(app), Some(other)) = (on(&adapter), on(&adapter)) else { return };
    match trainer(&app, &cache(&other, None)) {
        Err(Error::Gpu(said)) => assert!(said.starts_with("kernel "), "{said}"),
        other => panic!("a cache of another device was not asked: {other:?}"),
    }
}
