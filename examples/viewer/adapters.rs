//! The choice of the adapter: eframe opens the device, with what the library asks for.

use dann::embed::{optional_features, required_features, required_limits};
use dann::wgpu;
use eframe::egui_wgpu::{WgpuSetup, WgpuSetupCreateNew};
use std::sync::Arc;

/// An adapter as the list shows it.
pub fn named(adapter: &wgpu::Adapter) -> String {
    let info = adapter.get_info();
    format!("{} ({})", info.name, info.backend)
}

/// How eframe opens its device: on the adapter with all of `words` in its name, else on the one that is likely to be the
/// fastest.
pub fn setup(words: Option<String>) -> WgpuSetup {
    let mut setup = WgpuSetupCreateNew::without_display_handle();
    setup.native_adapter_selector = Some(Arc::new(move |adapters, surface| {
        let shows = |adapter: &&wgpu::Adapter| surface.is_none_or(|s| adapter.is_surface_supported(s));
        let matches = |adapter: &&wgpu::Adapter| words.as_ref().is_none_or(|words| has(adapter, words));
        let chosen = adapters.iter().filter(shows).filter(matches).min_by_key(|adapter| preference(adapter));
        chosen.cloned().ok_or_else(|| {
            let all: Vec<String> = adapters.iter().map(named).collect();
            let wanted = words.as_deref().unwrap_or("any");
            format!("no adapter for this window is called \"{wanted}\"; there are: {}", all.join(", "))
        })
    }));
    setup.device_descriptor = Arc::new(|adapter| {
        let of_egui = wgpu::Limits { max_texture_dimension_2d: 8192, ..wgpu::Limits::downlevel_defaults() };
        wgpu::DeviceDescriptor {
            label: Some("the viewer's device"),
            required_features: required_features(adapter) | optional_features(adapter),
            required_limits: required_limits(adapter)
                .or_better_values_from(&of_egui.or_worse_values_from(&adapter.limits())),
            ..Default::default()
        }
    });
    setup.into()
}

fn has(adapter: &wgpu::Adapter, words: &str) -> bool {
    let name = named(adapter).to_lowercase();
    words.to_lowercase().split_whitespace().all(|word| name.contains(word))
}

/// Real GPUs before software, and OpenGL last.
fn preference(adapter: &wgpu::Adapter) -> (bool, u8) {
    let info = adapter.get_info();
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    (info.backend == wgpu::Backend::Gl, kind)
}
