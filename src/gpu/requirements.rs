//! What the kernels ask of a device that an application opens itself.

use super::abilities::Abilities;
use super::adapter::{STORAGE_BUFFERS, WORKGROUP_THREADS};
use super::{Adapter, Variant};
use crate::error::{Error, Result};

/// The features that the kernels cannot do without: none so far.
pub fn required_features(_adapter: &wgpu::Adapter) -> wgpu::Features {
    wgpu::Features::empty()
}

/// The features that are used where the device has them, out of those of the adapter: timestamps, with which
/// steps are timed on the device itself, subgroup operations, which one family of kernels is built on, and f16, for
/// mixed precision.
pub fn optional_features(adapter: &wgpu::Adapter) -> wgpu::Features {
    let used = wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::SUBGROUP | wgpu::Features::SHADER_F16;
    adapter.features() & used
}

/// What a device that is opened here asks of `adapter`: all that some kernels need, or profiles, or what keeps compiled
/// pipelines between two starts, and `wanted` besides.
///
/// # Errors
/// [`Error::Input`] naming those of `wanted` that the adapter lacks.
pub(super) fn of_own_device(
    adapter: &Adapter,
    variant: Variant,
    wanted: wgpu::Features,
) -> Result<(wgpu::Features, wgpu::ExperimentalFeatures)> {
    let has = adapter.handle.features();
    if let Some(lacking) = lacking(wanted, has) {
        return Err(Error::input(adapter, format!("a device with {lacking}"), "one without"));
    }
    let mut features = optional_features(&adapter.handle) | (has & wgpu::Features::PIPELINE_CACHE) | wanted;
    if variant == Variant::Cooperative {
        features |= wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;
    }
    if !features.intersects(wgpu::Features::all_experimental_mask()) {
        return Ok((features, wgpu::ExperimentalFeatures::disabled()));
    }
    // SAFETY: wgpu does not vouch for shaders that use such features as it does for others. They are this crate's own, read
    // and write within their tiles, and run only for who asks for mixed precision; or those of who profiles them.
    let experimental = unsafe { wgpu::ExperimentalFeatures::enabled() };
    Ok((features, experimental))
}

/// The limits to request: wgpu's defaults as far as the adapter has them, and buffers as large as it allows, so that
/// data sets lie in few pieces. Merge them with your own through `or_better_values_from`.
pub fn required_limits(adapter: &wgpu::Adapter) -> wgpu::Limits {
    let all = adapter.limits();
    wgpu::Limits {
        max_buffer_size: all.max_buffer_size,
        max_storage_buffer_binding_size: all.max_storage_buffer_binding_size,
        ..wgpu::Limits::default().or_worse_values_from(&all)
    }
}

/// Refuses a device on which the kernels cannot run.
///
/// # Errors
/// [`Error::Input`] naming the limit that is too low.
pub(super) fn check(device: &wgpu::Device) -> Result<()> {
    let limits = device.limits();
    let needed = [
        (
            "max_storage_buffers_per_shader_stage",
            limits.max_storage_buffers_per_shader_stage,
            STORAGE_BUFFERS,
        ),
        (
            "max_compute_invocations_per_workgroup",
            limits.max_compute_invocations_per_workgroup,
            WORKGROUP_THREADS,
        ),
        ("max_compute_workgroup_size_x", limits.max_compute_workgroup_size_x, WORKGROUP_THREADS),
    ];
    match needed.into_iter().find(|(_, has, least)| has < least) {
        None => Ok(()),
        Some((name, has, least)) => {
            let expected = format!("a device opened with {name} of at least {least}");
            Err(Error::input("the application's wgpu device", expected, has))
        }
    }
}

/// Refuses a device that was opened without some of the features that are `wanted`.
///
/// # Errors
/// [`Error::Input`] naming them.
pub(super) fn check_features(device: &wgpu::Device, wanted: wgpu::Features) -> Result<()> {
    let Some(lacking) = lacking(wanted, device.features()) else { return Ok(()) };
    let expected = format!("a device opened with {lacking}");
    Err(Error::input("the application's wgpu device", expected, "one without"))
}

/// The names of those of the `wanted` features that are not among what it `has`.
pub(crate) fn lacking(wanted: wgpu::Features, has: wgpu::Features) -> Option<String> {
    let names: Vec<&str> = (wanted - has).iter_names().map(|(name, _)| name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The kernels to build models from: the wanted ones, or those that suit the device's kind, and the plain ones where
/// the device cannot run them.
pub(super) fn variant(device: &wgpu::Device, wanted: Option<Variant>) -> Variant {
    let wanted = wanted.unwrap_or_else(|| Variant::suiting(device.adapter_info().device_type));
    match obstacle(device, wanted) {
        None => wanted,
        Some(obstacle) => {
            log::warn!("the plain kernels run, which are slower than the {wanted} ones: {obstacle}");
            Variant::Plain
        }
    }
}

/// Why the device cannot run the kernels of `variant`; `None` if it can.
pub(super) fn obstacle(device: &wgpu::Device, variant: Variant) -> Option<String> {
    Abilities::from(device).obstacle(variant)
}
