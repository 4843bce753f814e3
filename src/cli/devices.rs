//! `dann devices`

use super::output::{Output, table};
use dann::gpu::{Adapter, adapters, choose};

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
            "tuned_obstacle": adapter.tuned_obstacle(),
        }))?;
    }
    // Without a usable adapter this is the error that says what to install.
    let preferred = choose(None)?;
    let row = |adapter: &Adapter| {
        let info = &adapter.info;
        let driver = format!("{} {}", info.driver, info.driver_info);
        let usable = match (adapter.obstacle(), adapter.tuned_obstacle()) {
            (Some(obstacle), _) => obstacle,
            (None, Some(obstacle)) => format!("plain kernels alone: {obstacle}"),
            (None, None) => "yes".into(),
        };
        let kind = format!("{:?}", info.device_type);
        let index = adapter.index.to_string();
        [index, info.name.clone(), info.backend.to_string(), kind, driver.trim().into(), usable]
    };
    let header = ["index", "name", "backend", "type", "driver", "usable"];
    out.text(table(header, found.iter().map(row)))?;
    out.text(format!("Commands use adapter {} unless --adapter says otherwise.", preferred.index))
}
