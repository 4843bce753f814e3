//! Vulkan's own calls. Objects are destroyed in the order that Vulkan asks for, by guards.

mod features;

use super::{Compute, Executable, Slot, SlotKind, SpirvTarget, Statistic, StatisticValue, VULKAN_ALONE};
use ash::{khr, vk};
use features::Found;
use std::ffi::{CStr, CString, FromBytesUntilNulError, c_char};

type Api = wgpu::hal::api::Vulkan;
/// What went wrong, in words.
type Refused = String;

/// A device on which shaders are compiled, and nothing is run.
pub struct DriverCompiler {
    device: ash::Device,
    executables: khr::pipeline_executable_properties::Device,
    target: SpirvTarget,
    has_subgroups: bool,
    /// Keeps the instance alive that the device belongs to.
    _adapter: wgpu::Adapter,
}

impl DriverCompiler {
    /// On the adapter `handle`, with `features`; else why not.
    pub fn open(handle: &wgpu::Adapter, features: wgpu::Features) -> Result<Self, Refused> {
        // SAFETY: the adapter is only asked, and a device of its own opened on it.
        let Some(adapter) = (unsafe { handle.as_hal::<Api>() }) else {
            return Err(VULKAN_ALONE.to_owned());
        };
        let properties = adapter.physical_device_capabilities();
        let (instance, physical) = (adapter.shared_instance().raw_instance(), adapter.raw_physical_device());
        let api = properties.properties().api_version.min(adapter.shared_instance().instance_api_version());
        if api < vk::API_VERSION_1_1 {
            return Err("that takes Vulkan 1.1 or later".to_owned());
        }
        let found = Found::of(instance, physical, api, |name| properties.supports_extension(name));
        if !found.tells {
            return Err("the driver does not offer VK_KHR_pipeline_executable_properties".to_owned());
        }
        let mut extensions = adapter.required_device_extensions(features);
        extensions.push(khr::pipeline_executable_properties::NAME);
        let mut wgpus = adapter.physical_device_features(&extensions, features);
        let names: Vec<*const c_char> = extensions.iter().map(|name| name.as_ptr()).collect();
        let queues = [vk::DeviceQueueCreateInfo::default().queue_family_index(0).queue_priorities(&[1.0])];
        let mut told = vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default()
            .pipeline_executable_info(true);
        let wanted =
            vk::DeviceCreateInfo::default().queue_create_infos(&queues).enabled_extension_names(&names);
        let wanted = wgpus.add_to_device_create(wanted).push_next(&mut told);
        // SAFETY: wgpu opens its device with the same extensions and features, but for one that the driver has said to have.
        let device = unsafe { instance.create_device(physical, &wanted, None) }.map_err(refused("device"))?;
        let executables = khr::pipeline_executable_properties::Device::new(instance, &device);
        let has_subgroups = features.contains(wgpu::Features::SUBGROUP);
        Ok(Self { device, executables, target: found.target, has_subgroups, _adapter: handle.clone() })
    }

    /// What SPIR-V must be like.
    pub(in super::super) fn target(&self) -> SpirvTarget {
        self.target
    }

    /// What the driver's compiler makes of a shader.
    pub(in super::super) fn compile(&self, compute: &Compute<'_>) -> Result<Vec<Executable>, Refused> {
        let pipeline = Guard::new(self, self.pipeline(compute)?, |device, pipeline| {
            // SAFETY: the guard owns it, and nothing runs.
            unsafe { device.destroy_pipeline(pipeline, None) }
        });
        self.told(pipeline.object)
    }

    fn pipeline(&self, compute: &Compute<'_>) -> Result<vk::Pipeline, Refused> {
        let Self { device, .. } = self;
        let code = vk::ShaderModuleCreateInfo::default().code(compute.words);
        // SAFETY: the words are of naga's writer, which wgpu trusts as well, for a shader that was validated.
        let module = unsafe { device.create_shader_module(&code, None) }.map_err(refused("shader module"))?;
        // SAFETY: the guard owns it, and pipelines outlive their modules.
        let module = Guard::new(self, module, |device, it| unsafe { device.destroy_shader_module(it, None) });
        let sets: Vec<Guard<'_, _>> =
            compute.sets.iter().map(|set| self.set(set)).collect::<Result<_, _>>()?;
        let raw_sets: Vec<_> = sets.iter().map(|set| set.object).collect();
        let range = vk::PushConstantRange::default()
            .stage_flags(vk::ShaderStageFlags::ALL)
            .size(compute.immediates.next_multiple_of(4));
        let ranges = if compute.immediates > 0 { vec![range] } else { vec![] };
        let layout =
            vk::PipelineLayoutCreateInfo::default().set_layouts(&raw_sets).push_constant_ranges(&ranges);
        // SAFETY: the sets are this device's, and what a shader binds was held to the adapter's limits before.
        let layout = unsafe { device.create_pipeline_layout(&layout, None) }.map_err(refused("layout"))?;
        // SAFETY: the guard owns it, and pipelines outlive their layouts.
        let layout =
            Guard::new(self, layout, |device, it| unsafe { device.destroy_pipeline_layout(it, None) });
        let entry = CString::new(compute.entry).map_err(|e| e.to_string())?;
        let varying = vk::PipelineShaderStageCreateFlags::ALLOW_VARYING_SUBGROUP_SIZE;
        let stage = vk::PipelineShaderStageCreateInfo::default()
            .flags(if self.has_subgroups { varying } else { Default::default() })
            .stage(vk::ShaderStageFlags::COMPUTE)
            .module(module.object)
            .name(&entry);
        let info = vk::ComputePipelineCreateInfo::default()
            .flags(vk::PipelineCreateFlags::CAPTURE_STATISTICS_KHR)
            .layout(layout.object)
            .stage(stage);
        // SAFETY: module and layout are this device's and alive, and the device was opened with the feature of the flag.
        let built = unsafe { device.create_compute_pipelines(vk::PipelineCache::null(), &[info], None) };
        built.map_err(|(_, e)| refused("pipeline")(e)).map(|all| all[0])
    }

    fn set(&self, slots: &[Slot]) -> Result<Guard<'_, vk::DescriptorSetLayout>, Refused> {
        let binding = |(number, (kind, count)): (u32, &Slot)| {
            vk::DescriptorSetLayoutBinding::default()
                .binding(number)
                .descriptor_type(descriptor(*kind))
                .descriptor_count(*count)
                .stage_flags(vk::ShaderStageFlags::COMPUTE)
        };
        let bindings: Vec<_> = (0..).zip(slots).map(binding).collect();
        let info = vk::DescriptorSetLayoutCreateInfo::default().bindings(&bindings);
        // SAFETY: each binding has a number of its own, and what a shader binds was held to the adapter's limits before.
        let set = unsafe { self.device.create_descriptor_set_layout(&info, None) }.map_err(refused("set"))?;
        // SAFETY: the guard owns it, and pipeline layouts outlive those of their sets.
        Ok(Guard::new(self, set, |device, it| unsafe { device.destroy_descriptor_set_layout(it, None) }))
    }

    /// What the driver tells of a pipeline.
    fn told(&self, pipeline: vk::Pipeline) -> Result<Vec<Executable>, Refused> {
        let info = vk::PipelineInfoKHR::default().pipeline(pipeline);
        // SAFETY: the pipeline is this device's, which was opened with the extension.
        let all = unsafe { self.executables.get_pipeline_executable_properties(&info) };
        let all = all.map_err(refused("list of programs"))?;
        let one = |(index, found): (u32, &vk::PipelineExecutablePropertiesKHR<'_>)| {
            let info = vk::PipelineExecutableInfoKHR::default().pipeline(pipeline).executable_index(index);
            // SAFETY: as above, the index is one of those just told, and the pipeline keeps its statistics.
            let statistics = unsafe { self.executables.get_pipeline_executable_statistics(&info) };
            let statistics = statistics.map_err(refused("statistics"))?;
            Ok(Executable {
                name: text(found.name_as_c_str()),
                subgroup_size: found.subgroup_size,
                statistics: statistics.iter().map(statistic).collect(),
            })
        };
        (0..).zip(&all).map(one).collect()
    }
}

impl Drop for DriverCompiler {
    fn drop(&mut self) {
        // SAFETY: nothing was submitted to it, and every object on it was destroyed by its guard.
        unsafe { self.device.destroy_device(None) };
    }
}

/// An object that is destroyed at the end of its scope.
struct Guard<'a, T: Copy> {
    compiler: &'a DriverCompiler,
    object: T,
    destroy: fn(&ash::Device, T),
}

impl<'a, T: Copy> Guard<'a, T> {
    fn new(compiler: &'a DriverCompiler, object: T, destroy: fn(&ash::Device, T)) -> Self {
        Self { compiler, object, destroy }
    }
}

impl<T: Copy> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        (self.destroy)(&self.compiler.device, self.object);
    }
}

fn descriptor(kind: SlotKind) -> vk::DescriptorType {
    match kind {
        SlotKind::UniformBuffer => vk::DescriptorType::UNIFORM_BUFFER,
        SlotKind::StorageBuffer => vk::DescriptorType::STORAGE_BUFFER,
        SlotKind::SampledTexture => vk::DescriptorType::SAMPLED_IMAGE,
        SlotKind::StorageTexture => vk::DescriptorType::STORAGE_IMAGE,
        SlotKind::Sampler => vk::DescriptorType::SAMPLER,
    }
}

fn refused(what: &'static str) -> impl Fn(vk::Result) -> Refused {
    move |e| format!("the driver gives no {what}: {e}")
}

fn text(name: Result<&CStr, FromBytesUntilNulError>) -> String {
    name.unwrap_or_default().to_string_lossy().into_owned()
}

fn statistic(found: &vk::PipelineExecutableStatisticKHR<'_>) -> Statistic {
    use vk::PipelineExecutableStatisticFormatKHR as Format;
    // SAFETY: the driver has filled the field that the format names, and any bits are a number.
    let value = unsafe {
        match found.format {
            Format::BOOL32 => StatisticValue::Bool(found.value.b32 != 0),
            Format::INT64 => u64::try_from(found.value.i64)
                .map_or(StatisticValue::Signed(found.value.i64), StatisticValue::Unsigned),
            Format::FLOAT64 => StatisticValue::Real(found.value.f64),
            _ => StatisticValue::Unsigned(found.value.u64),
        }
    };
    Statistic { name: text(found.name_as_c_str()), description: text(found.description_as_c_str()), value }
}
