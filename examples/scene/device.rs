//! The device of an application that has none yet. One with a window would choose its adapter by its surface.

use dann::{embed, wgpu};

/// Opens it, with what training and classifying need, and prints the adapter's name.
pub fn open() -> anyhow::Result<(wgpu::Device, wgpu::Queue)> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..Default::default()
    }))?;
    println!("{}", adapter.get_info().name);
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("the application's device"),
        required_features: embed::required_features(&adapter) | embed::optional_features(&adapter),
        required_limits: embed::required_limits(&adapter),
        ..Default::default()
    };
    Ok(pollster::block_on(adapter.request_device(&descriptor))?)
}
