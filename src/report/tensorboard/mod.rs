//! Files that TensorBoard shows: events, and embeddings for its projector.
//!
//! ```no_run
//! use dann::fit::{Sets, Training};
//! use dann::gpu::{Gpu, Options, choose};
//! use dann::report::tensorboard::Recorder;
//! use dann::train::Config;
//!
//! # fn main() -> dann::error::Result<()> {
//! let config = Config::preset("demo")?;
//! let sets = Sets::read("data/mnist".as_ref(), "data/mnist_m".as_ref(), &config)?;
//! let open = || Gpu::open(&choose(None)?, Options::default());
//! let training = Training::new(config).directory("runs/first");
//! training.run(&sets, &open, &mut [&mut Recorder::default()])?;
//! # Ok(())
//! # }
//! ```

mod histogram;
mod messages;
mod projector;
mod recorder;

use crate::error::{Error, Result};
use crate::report::pictures::Picture;
use crc::{CRC_32_ISCSI, Crc};
use histogram::histogram;
use messages::{Event, Image, Summary, Value};
use prost::Message as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use projector::{Embeddings, write_embeddings};
pub use recorder::Recorder;

/// Castagnoli's polynomial, as the records' checksums have it.
const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// An event file that grows while a run goes on.
#[derive(Debug)]
pub(crate) struct EventFile {
    path: PathBuf,
    file: BufWriter<File>,
}

impl EventFile {
    /// Starts `events.out.tfevents.*` in `directory`.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub fn create(directory: &Path) -> Result<Self> {
        let name = format!("events.out.tfevents.{:010}.{}", now() as u64, env!("CARGO_PKG_NAME"));
        // A run that goes on within the same second leaves what it wrote before as it is.
        let names = std::iter::once(name.clone()).chain((1..).map(|n| format!("{name}.{n}")));
        let mut paths = names.map(|name| directory.join(name)).skip_while(|path| path.exists());
        let path = paths.next().unwrap_or_default();
        let file = File::create_new(&path).map_err(Error::io(&path, "write"))?;
        let mut events = Self { path, file: BufWriter::new(file) };
        let version = Some("brain.Event:2".to_owned());
        events.write(&Event { wall_time: now(), file_version: version, ..Event::default() })?;
        events.flush()?;
        Ok(events)
    }

    /// Numbers of a step, each under its tag.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub fn scalars(&mut self, step: u64, scalars: &[(&str, f64)]) -> Result<()> {
        let value = |&(tag, number): &(&str, f64)| Value {
            tag: tag.into(),
            simple_value: Some(number as f32),
            ..Value::default()
        };
        self.summary(step, scalars.iter().map(value).collect())
    }

    /// How `values` are distributed.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub fn histogram(&mut self, step: u64, tag: &str, values: &[f32]) -> Result<()> {
        let histogram = Some(histogram(values));
        self.summary(step, vec![Value { tag: tag.into(), histogram, ..Value::default() }])
    }

    /// A picture.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file, [`Error::Input`] when the picture cannot be encoded.
    pub fn image(&mut self, step: u64, tag: &str, picture: &Picture) -> Result<()> {
        let (width, height) = (picture.width() as i32, picture.height() as i32);
        let image = Image { height, width, colorspace: 3, encoded: picture.png()? };
        self.summary(step, vec![Value { tag: tag.into(), image: Some(image), ..Value::default() }])
    }

    /// Brings everything to the disk, for whoever watches.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(Error::io(&self.path, "write"))
    }

    fn summary(&mut self, step: u64, value: Vec<Value>) -> Result<()> {
        let summary = Some(Summary { value });
        self.write(&Event { wall_time: now(), step: step as i64, file_version: None, summary })
    }

    fn write(&mut self, event: &Event) -> Result<()> {
        self.file.write_all(&record(&event.encode_to_vec())).map_err(Error::io(&self.path, "write"))
    }
}

/// A record: the length and its checksum, the data and theirs.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let (of_length, of_data) = (masked(&length).to_le_bytes(), masked(data).to_le_bytes());
    [&length[..], &of_length, data, &of_data].concat()
}

/// Checksums in records are turned and shifted, so that a checksum of data with checksums in it stays a good one.
fn masked(data: &[u8]) -> u32 {
    CHECKSUM.checksum(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_framed_as_readers_expect() {
        // The first record of every event file there is: {wall_time: 0, file_version: "brain.Event:2"}.
        let event = Event { file_version: Some("brain.Event:2".into()), ..Event::default() };
        let framed = record(&event.encode_to_vec());
        assert_eq!(framed[..8], [15, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(framed[12..14], [0x1a, 13]);
        assert_eq!(framed.len(), 8 + 4 + 15 + 4);
        // CRC-32C of "123456789" is e3069283; masked by hand.
        assert_eq!(masked(b"123456789"), 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8));
    }
}
