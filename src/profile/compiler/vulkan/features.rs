//! What a physical device can do, as far as compiling hangs on it.

use super::super::SpirvTarget;
use ash::{ext, khr, vk};
use std::ffi::CStr;

/// What the driver says that it can do.
pub(super) struct Found {
    /// Whether it tells of its compiler's work.
    pub tells: bool,
    pub target: SpirvTarget,
}

impl Found {
    /// `api` is the version of Vulkan that instance and device have, from 1.1 up.
    pub fn of(
        instance: &ash::Instance,
        device: vk::PhysicalDevice,
        api: u32,
        has: impl Fn(&CStr) -> bool,
    ) -> Self {
        let mut tells = vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default();
        let mut robust = vk::PhysicalDeviceRobustness2FeaturesEXT::default();
        let mut images = vk::PhysicalDeviceImageRobustnessFeatures::default();
        let mut all = vk::PhysicalDeviceFeatures2::default();
        // The device may be asked for what it has alone.
        if has(khr::pipeline_executable_properties::NAME) {
            all = all.push_next(&mut tells);
        }
        if has(ext::robustness2::NAME) {
            all = all.push_next(&mut robust);
        }
        if api >= vk::API_VERSION_1_3 || has(ext::image_robustness::NAME) {
            all = all.push_next(&mut images);
        }
        // SAFETY: the device is the instance's, and each structure in the chain is of an extension or version that it has.
        unsafe { instance.get_physical_device_features2(device, &mut all) };
        let checks_images = robust.robust_image_access2 != 0 || images.robust_image_access != 0;
        let target = SpirvTarget {
            version: spirv(api),
            checks_buffers: robust.robust_buffer_access2 != 0,
            checks_images,
        };
        Self { tells: tells.pipeline_executable_info != 0, target }
    }
}

/// The last version of SPIR-V that a version of Vulkan takes.
fn spirv(api: u32) -> (u8, u8) {
    match api {
        vk::API_VERSION_1_3.. => (1, 6),
        vk::API_VERSION_1_2.. => (1, 5),
        _ => (1, 3),
    }
}
