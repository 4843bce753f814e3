//! The adapters of this machine and how one of them is chosen.

use crate::error::{Error, Result};
use std::fmt;

/// What the kernels need beyond what every adapter has: the storage buffers of the largest kernel.
pub(super) const STORAGE_BUFFERS: u32 = 8;
/// Threads in a workgroup of the largest kernel.
pub(super) const WORKGROUP_THREADS: u32 = 256;

/// One adapter of this machine.
#[non_exhaustive]
pub struct Adapter {
    /// Its number, as [`choose`] takes it.
    pub index: usize,
    /// What wgpu says of it.
    pub info: wgpu::AdapterInfo,
    pub(crate) handle: wgpu::Adapter,
}

impl Adapter {
    /// Why this adapter cannot run the kernels; `None` if it can.
    pub fn obstacle(&self) -> Option<String> {
        let flags = self.handle.get_downlevel_capabilities().flags;
        if !flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS) {
            return Some("it has no compute shaders".into());
        }
        let limits = self.handle.limits();
        let buffers = limits.max_storage_buffers_per_shader_stage;
        let threads = limits.max_compute_invocations_per_workgroup;
        too_few("max_storage_buffers_per_shader_stage", buffers, STORAGE_BUFFERS)
            .or_else(|| too_few("max_compute_invocations_per_workgroup", threads, WORKGROUP_THREADS))
    }

    /// The limits of the adapter that matter to users, by name.
    pub fn limits(&self) -> wgpu::Limits {
        self.handle.limits()
    }

    /// Real GPUs before software, native interfaces before OpenGL.
    fn preference(&self) -> (u8, u8) {
        let kind = match self.info.device_type {
            wgpu::DeviceType::DiscreteGpu => 0,
            wgpu::DeviceType::IntegratedGpu => 1,
            wgpu::DeviceType::VirtualGpu => 2,
            wgpu::DeviceType::Other => 3,
            wgpu::DeviceType::Cpu => 4,
        };
        (kind, u8::from(self.info.backend == wgpu::Backend::Gl))
    }
}

fn too_few(name: &str, has: u32, needed: u32) -> Option<String> {
    (has < needed).then(|| format!("{name} is {has}, {needed} are needed"))
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&named(&self.info))
    }
}

/// Backend, name and driver.
pub(super) fn named(info: &wgpu::AdapterInfo) -> String {
    let driver = match (info.driver.as_str(), info.driver_info.as_str()) {
        ("", "") => String::new(),
        (driver, "") | ("", driver) => format!(" [{driver}]"),
        (driver, version) => format!(" [{driver}, {version}]"),
    };
    format!("{} {}{driver}", info.backend, info.name)
}

/// Every adapter of this machine, the preferred one first.
///
/// OpenGL is looked at only where nothing else is found: it would show most GPUs twice. Where the environment
/// says what to look at (`WGPU_BACKEND=gl`), nothing else is.
pub fn adapters() -> Vec<Adapter> {
    let wanted = wgpu::Backends::from_env();
    let mut found = on_backends(wanted.unwrap_or(wgpu::Backends::PRIMARY));
    if found.is_empty() && wanted.is_none() {
        found = on_backends(wgpu::Backends::all());
    }
    found.sort_by_key(Adapter::preference);
    for (index, adapter) in found.iter_mut().enumerate() {
        adapter.index = index;
    }
    found
}

fn on_backends(backends: wgpu::Backends) -> Vec<Adapter> {
    let descriptor = wgpu::InstanceDescriptor {
        backends,
        ..wgpu::InstanceDescriptor::new_without_display_handle_from_env()
    };
    let instance = wgpu::Instance::new(descriptor);
    let handles = pollster::block_on(instance.enumerate_adapters(backends));
    let adapter = |handle: wgpu::Adapter| Adapter { index: 0, info: handle.get_info(), handle };
    handles.into_iter().map(adapter).collect()
}

/// The adapter that `selection` (an index, or words of its name) picks; without one, the preferred one.
///
/// # Errors
/// [`Error::NoAdapter`] when the machine has none that can run the kernels; [`Error::NoSuchAdapter`] when the
/// selection matches none or several, or one that cannot run them.
pub fn choose(selection: Option<&str>) -> Result<Adapter> {
    let mut all = adapters();
    if all.is_empty() {
        return Err(Error::NoAdapter(no_adapter_help("none was found")));
    }
    let Some(selection) = selection else {
        let obstacles: Vec<String> =
            all.iter().filter_map(|a| Some(format!("{a}: {}", a.obstacle()?))).collect();
        let usable = all.into_iter().find(|a| a.obstacle().is_none());
        return usable.ok_or_else(|| Error::NoAdapter(no_adapter_help(&obstacles.join("; "))));
    };
    let names: Vec<String> = all.iter().map(Adapter::to_string).collect();
    let adapter = all.swap_remove(pick(selection, &names)?);
    match adapter.obstacle() {
        None => Ok(adapter),
        Some(obstacle) => Err(Error::NoSuchAdapter {
            selection: selection.to_owned(),
            expected: "an adapter that can run the kernels",
            found: format!("{adapter}: {obstacle}"),
        }),
    }
}

/// As [`choose`], for the process number `local_rank` of several on this machine: of what `selection` lists between commas,
/// or of the adapters of the preferred one's kind, each takes the next in turn.
///
/// # Errors
/// As [`choose`].
pub fn choose_for_rank(selection: Option<&str>, local_rank: usize) -> Result<Adapter> {
    if let Some(selection) = selection {
        let listed: Vec<&str> = selection.split(',').collect();
        return choose(Some(listed[local_rank % listed.len()]));
    }
    let preferred = choose(None)?;
    let is_alike = |a: &Adapter| a.obstacle().is_none() && a.info.device_type == preferred.info.device_type;
    let mut alike: Vec<Adapter> = adapters().into_iter().filter(is_alike).collect();
    let turn = local_rank % alike.len().max(1);
    Ok(if turn < alike.len() { alike.swap_remove(turn) } else { preferred })
}

/// The place in `names` that `selection` is the number of, or the only one with all of its words.
fn pick(selection: &str, names: &[String]) -> Result<usize> {
    let query = selection.to_lowercase();
    if query.trim().is_empty() {
        return Err(Error::NoSuchAdapter {
            selection: selection.to_owned(),
            expected: "an index, or words of a name",
            found: "nothing".into(),
        });
    }
    let has_all_words = |name: &String| {
        let name = name.to_lowercase();
        query.split_whitespace().all(|word| name.contains(word))
    };
    let chosen: Vec<usize> = match selection.trim().parse() {
        Ok(index) => Some(index).into_iter().filter(|&index| index < names.len()).collect(),
        Err(_) => (0..names.len()).filter(|&index| has_all_words(&names[index])).collect(),
    };
    let [index] = chosen[..] else {
        let found = if chosen.is_empty() { "none" } else { "several" };
        let list: Vec<String> = names.iter().enumerate().map(|(i, name)| format!("{i} {name}")).collect();
        return Err(Error::NoSuchAdapter {
            selection: selection.to_owned(),
            expected: "the index, or words from the name, of exactly one adapter",
            found: format!("{found} of: {}", list.join("; ")),
        });
    };
    Ok(index)
}

fn no_adapter_help(found: &str) -> String {
    let (backends, install) = if cfg!(target_os = "macos") {
        ("Metal", "Metal comes with macOS; a virtual machine needs a paravirtualised GPU")
    } else if cfg!(windows) {
        ("Vulkan, Direct3D 12 and OpenGL", "install your GPU vendor's current driver")
    } else {
        (
            "Vulkan and OpenGL",
            "install your GPU vendor's Vulkan driver, or a software one: apt-get install mesa-vulkan-drivers \
             (Debian, Ubuntu), dnf install mesa-vulkan-drivers (Fedora), pacman -S vulkan-swrast (Arch)",
        )
    };
    // Whoever restricts the search must hear of it, or would install a driver in vain.
    let only = std::env::var("WGPU_BACKEND").map_or(String::new(), |only| format!(" (WGPU_BACKEND={only})"));
    format!("looked for {backends} adapters{only} with compute shaders; {found}. To mend it: {install}")
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Adapter({}: {self})", self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(selection: &str) -> std::result::Result<usize, String> {
        let names = ["vulkan Radeon 780M [radv, 25.1]", "vulkan llvmpipe [Mesa 25.1]", "gl Radeon 780M"];
        pick(selection, &names.map(str::to_owned)).map_err(|e| e.to_string())
    }

    #[test]
    fn an_adapter_is_picked_by_number_or_by_words_of_its_name() {
        assert_eq!(picked("2"), Ok(2));
        assert_eq!(picked("LLVMpipe"), Ok(1));
        assert_eq!(picked("radeon vulkan"), Ok(0));
    }

    #[test]
    fn no_match_and_several_are_refused_with_a_list_of_all() {
        let none = picked("nvidia").unwrap_err();
        assert!(none.starts_with("adapter nvidia: expected the index"), "{none}");
        assert!(none.contains("found none of: 0 vulkan Radeon 780M"), "{none}");
        assert!(picked("3").unwrap_err().contains("found none of"));
        let several = picked("radeon").unwrap_err();
        assert!(several.contains("found several of: 0 vulkan"), "{several}");
        assert!(several.contains("2 gl Radeon 780M"), "{several}");
    }
}
