//! `dann devices`

use super::output::{Output, table};
use dann::gpu::{Adapter, Variant, adapters, choose};
use std::collections::BTreeMap;

pub fn run(out: &Output) -> anyhow::Result<()> {
    let found = adapters();
    for adapter in &found {
        let info = &adapter.info;
        out.json(&serde_json::json!({
            "index": adapter.index,
            "name": info.name,
            "backend": info.backend.to_string(),
            "type": format!("{:?}", info.device_type),
            "driver": info.driver,
            "driver_info": info.driver_info,
            "max_buffer_size": adapter.limits().max_buffer_size,
            "usable": adapter.obstacle().is_none(),
            "obstacle": adapter.obstacle(),
            "default_variant": adapter.default_variant(),
            "variant_obstacles": obstacles(adapter),
        }))?;
    }
    // Without a usable adapter this is the error that says what to install.
    let preferred = choose(None)?;
    let row = |adapter: &Adapter| {
        let info = &adapter.info;
        let driver = format!("{} {}", info.driver, info.driver_info);
        let usable = adapter.obstacle().unwrap_or_else(|| "yes".into());
        let kernels = Variant::every().filter(|&v| adapter.variant_obstacle(v).is_none());
        let kernels = kernels.map(Variant::name).collect::<Vec<_>>().join(", ");
        let kind = format!("{:?}", info.device_type);
        let index = adapter.index.to_string();
        [index, info.name.clone(), info.backend.to_string(), kind, driver.trim().into(), kernels, usable]
    };
    let header = ["index", "name", "backend", "type", "driver", "kernels", "usable"];
    out.text(table(header, found.iter().map(row)))?;
    out.text(format!("Commands use adapter {} unless --adapter says otherwise.", preferred.index))
}

/// Why the adapter cannot run some families of kernels.
fn obstacles(adapter: &Adapter) -> BTreeMap<Variant, String> {
    Variant::every().filter_map(|v| Some((v, adapter.variant_obstacle(v)?))).collect()
}
