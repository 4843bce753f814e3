//! The time between two passes, measured by the device itself.

use super::{Fault, Gpu};
use std::time::Duration;

/// Two timestamps around encoded work.
#[derive(Debug)]
pub struct Stopwatch {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    /// Nanoseconds a tick.
    period: f64,
}

impl Stopwatch {
    /// The bytes of a reading.
    pub const BYTES: u64 = 16;

    /// A stopwatch, if the device has timestamps and gives what it takes.
    pub fn new(gpu: &Gpu) -> Option<Self> {
        if !gpu.device().features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return None;
        }
        gpu.counters().allocation();
        let make = || {
            let queries = gpu.device().create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("stopwatch"),
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            });
            let resolved = gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("stopwatch"),
                size: Self::BYTES,
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            });
            (queries, resolved)
        };
        let ((queries, resolved), refused) = Fault::watched(gpu.device(), make);
        if let Some(refused) = refused {
            log::warn!("steps are not timed: {refused}");
            return None;
        }
        Some(Self { queries, resolved, period: f64::from(gpu.queue().get_timestamp_period()) })
    }

    /// What a compute pass needs that begins the time, ends it, or both; `None` for neither.
    pub fn pass(&self, begins: bool, ends: bool) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        (begins || ends).then(|| wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: begins.then_some(0),
            end_of_pass_write_index: ends.then_some(1),
        })
    }

    /// Encodes that the reading goes to `buffer`, [`Self::BYTES`] bytes from byte `offset` on.
    pub fn encode_copy(&self, encoder: &mut wgpu::CommandEncoder, buffer: &wgpu::Buffer, offset: u64) {
        encoder.resolve_query_set(&self.queries, 0..2, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, buffer, offset, Self::BYTES);
    }

    /// The time of a reading; `None` where the driver gave none, as some do.
    pub fn time(&self, reading: [u64; 2]) -> Option<Duration> {
        let ticks = reading[1].checked_sub(reading[0]).filter(|&ticks| ticks > 0)?;
        Some(Duration::from_nanos((ticks as f64 * self.period) as u64))
    }
}
