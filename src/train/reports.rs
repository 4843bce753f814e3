//! What steps report, on its way from the device.

use super::step::TrainingStep;
use crate::error::Result;
use crate::gpu::{Gpu, Readback, Staging, Stopwatch, Tensor};
use crate::model::MetricsBuffer;
use std::time::Duration;

/// Where steps report to, and the memory that brings it to the host.
pub(super) struct Reports {
    metrics_buffer: MetricsBuffer,
    stopwatch: Option<Stopwatch>,
    /// Memory that nothing is on its way in.
    free: Vec<Staging>,
    /// Steps that small pieces of memory are made for.
    most: u64,
    /// Rows a step.
    batches: u64,
}

/// What some steps reported.
pub(super) struct Reading<'a> {
    /// A row of the table for each batch of each of them.
    pub table: &'a [u32],
    /// A word for each, of its last batch, which the update comes with.
    pub faults: Vec<u32>,
    /// The word that was copied along.
    pub before: u32,
    /// The time of all of them, where the device has a stopwatch.
    pub time: Option<Duration>,
}

impl Reports {
    /// Of `step`; with `timed`, steps are timed on the device where it has timestamps.
    pub fn new(step: &TrainingStep, timed: bool, most: u64) -> Self {
        let stopwatch = if timed { Stopwatch::new(step.gpu()) } else { None };
        let (metrics_buffer, batches) = (step.outputs.metrics_buffer.clone(), step.batches() as u64);
        Self { metrics_buffer, stopwatch, free: vec![], most, batches }
    }

    /// What the pass of a step needs that begins the time of several, ends it, or both.
    pub fn pass(&self, begins: bool, ends: bool) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        self.stopwatch.as_ref().and_then(|watch| watch.pass(begins, ends))
    }

    /// Words of a step's row in the table.
    pub fn columns(&self) -> usize {
        self.metrics_buffer.table.map().len()
    }

    fn parts(&self, first: u64, count: u64) -> [Tensor; 2] {
        let MetricsBuffer { table, faults } = &self.metrics_buffer;
        let (first, count) = ((first * self.batches) as usize, (count * self.batches) as usize);
        [table, faults].map(|tensor| tensor.rows_from(first, count))
    }

    /// Encodes that steps `first` to `first + count` of an epoch have reported no faults yet.
    pub fn encode_clear(&self, encoder: &mut wgpu::CommandEncoder, first: u64, count: u64) {
        let [_, faults] = self.parts(first, count);
        encoder.clear_buffer(faults.buffer(), faults.offset(), Some(faults.byte_len()));
    }

    /// Encodes a copy of what these steps have reported, and of the word in `before`, which is asked for when `encoder` is
    /// submitted.
    pub fn encode_copy(
        &mut self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        first: u64,
        count: u64,
        before: &Tensor,
    ) -> Result<Readback> {
        let reading = self.stopwatch.as_ref().map_or(0, |_| Stopwatch::BYTES);
        let words = self.columns() as u64 + 1;
        let bytes = |steps: u64| 4 * (steps * self.batches * words + 1) + reading;
        let staging = match super::fitting(&mut self.free, bytes(count), Staging::capacity) {
            Some(staging) => staging,
            None => Staging::new(gpu, bytes(count.max(self.most)))?,
        };
        let mut at = 0;
        let [table, faults] = self.parts(first, count);
        for part in [&table, &faults, before] {
            encoder.copy_buffer_to_buffer(
                part.buffer(),
                part.offset(),
                staging.buffer(),
                at,
                part.byte_len(),
            );
            at += part.byte_len();
        }
        if let Some(watch) = &self.stopwatch {
            watch.encode_copy(encoder, staging.buffer(), at);
        }
        Ok(staging.map_on_submit(encoder, bytes(count)))
    }

    /// The memory of a copy that has arrived, for the next one.
    pub fn give_back(&mut self, staging: Staging) {
        self.free.push(staging);
    }

    /// The words of a copy of `count` steps.
    pub fn read<'a>(&self, words: &'a [u32], count: u64) -> Reading<'a> {
        let batches = self.batches as usize;
        let rows = count as usize * batches;
        let (table, rest) = words.split_at(self.columns() * rows);
        let (faults, rest) = rest.split_at(rows);
        let faults = faults.iter().skip(batches - 1).step_by(batches).copied().collect();
        let (before, reading) = rest.split_at(1);
        Reading { table, faults, before: before[0], time: self.time(reading) }
    }

    fn time(&self, reading: &[u32]) -> Option<Duration> {
        let &[begin_low, begin_high, end_low, end_high] = reading else { return None };
        let ticks = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
        self.stopwatch.as_ref()?.time([ticks(begin_low, begin_high), ticks(end_low, end_high)])
    }
}
