//! Devices for tests.

use super::{Gpu, Options, Variant, choose, required_limits};

/// A device with plain kernels, as an application may have opened it: with limits as `lower` leaves them.
pub fn limited(lower: impl FnOnce(&mut wgpu::Limits)) -> Gpu {
    let adapter = choose(None).expect("an adapter");
    let mut required_limits = required_limits(&adapter.handle);
    lower(&mut required_limits);
    let descriptor = wgpu::DeviceDescriptor { required_limits, ..Default::default() };
    let opened = pollster::block_on(adapter.handle.request_device(&descriptor));
    let (device, queue) = opened.expect("a device of lower limits");
    Gpu::borrow(&device, &queue, Options::default().variant(Variant::Plain)).expect("a device")
}
