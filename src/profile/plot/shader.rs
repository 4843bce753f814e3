//! A shader's runs as a picture: the roofline of each adapter.

use super::{SIZE, draw, drawn, file_name, short, write};
use crate::error::Result;
use crate::gpu::Phase;
use crate::profile::rows::{Bound, KernelRow, PhaseRow, StepTimes};
use crate::profile::shader::ShaderReport;
use crate::profile::{Report, Spread};
use plotters::prelude::*;
use std::path::Path;

impl ShaderReport {
    /// The rooflines of all adapters as an SVG document.
    ///
    /// # Errors
    /// [`Error::Input`](crate::error::Error::Input) when they cannot be drawn.
    pub fn picture(all: &[Self]) -> Result<String> {
        let (width, height) = SIZE;
        drawn((width, height * all.len().max(1) as u32), |area| {
            area.fill(&WHITE)?;
            let mut rest = area;
            for report in all {
                let (upper, lower) = rest.split_vertically(height);
                draw(&report.as_profile(), upper)?;
                rest = lower;
            }
            Ok(())
        })
    }

    /// Writes that picture to `path`, whose extension is `svg` or `png`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::error::Error::Input) when it is neither, [`Error::Io`](crate::error::Error::Io) when the file
    /// cannot be written.
    pub fn write_picture(all: &[Self], path: &Path) -> Result<()> {
        write(Self::picture(all)?, path)
    }

    /// The profile of a step that is this one dispatch.
    fn as_profile(&self) -> Report {
        let ms = self.us.median / 1e3;
        let in_ms = |spread: &Spread| Spread {
            p10: spread.p10 / 1e3,
            median: spread.median / 1e3,
            p90: spread.p90 / 1e3,
        };
        let unknown = if self.flops.is_none() { ", operations unknown" } else { "" };
        let gflop = self.flops.unwrap_or(0.0) / 1e9;
        let row = KernelRow {
            kernel: self.entry.clone(),
            variant: "wgsl".to_owned(),
            phase: Phase::Other,
            shape: format!("{:?} workgroups of {:?}{unknown}", self.workgroups, self.workgroup_size),
            workgroup_size: self.workgroup_size.iter().product(),
            workgroups: self.workgroups,
            calls: 1,
            ms,
            share: 1.0,
            us: self.us,
            gflop,
            gflops: self.gflops.unwrap_or(0.0),
            of_peak: self.of_peak.unwrap_or(0.0),
            gb_s: self.gb_s.unwrap_or(0.0),
            of_bandwidth: self.of_bandwidth.unwrap_or(0.0),
            flop_per_byte: self.flop_per_byte.unwrap_or(0.0),
            bound: self.bound.unwrap_or(Bound::Unknown),
            limit_us: self.limit_us.unwrap_or(0.0),
            executables: self.executables.clone(),
        };
        Report {
            adapter: self.adapter.clone(),
            subject: format!("{}, {}, on {}", file_name(&self.shader), self.entry, short(&self.adapter)),
            clock: self.clock,
            clock_reason: self.clock_reason.clone(),
            steps: self.runs,
            peaks: self.peaks.clone(),
            kernels: vec![row],
            executables_reason: self.executables_reason.clone(),
            phases: vec![PhaseRow { phase: Phase::Other, calls: 1, ms, share: 1.0, gflop }],
            step: StepTimes {
                kernels_ms: in_ms(&self.us),
                profiled_ms: None,
                unprofiled_ms: None,
                in_kernels: None,
                gap_ms: None,
                perturbation: None,
            },
            advice: vec![],
        }
    }
}
