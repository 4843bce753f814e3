//! Images on their way from the disk to the device: a thread reads those of the steps to come while earlier steps run.

use crate::data::Stored;
use crate::error::{Error, Result};
use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Windows that wait to be taken: one is being read, one lies ready, one is in use.
const READY: usize = 1;

/// Images that are visited one after the other, as they are read ahead: a window of them at a time.
pub(super) struct ReadAhead {
    /// A receiver by itself could not be shared between threads, as trainings can.
    windows: Mutex<Receiver<Result<Vec<u8>>>>,
    waited: Duration,
}

impl ReadAhead {
    /// Begins to read the images, of `bytes` bytes each, that `order` names at the places of each of `windows`.
    ///
    /// # Errors
    /// [`Error::Io`] when there can be no further thread.
    pub fn begin(
        images: &Stored,
        bytes: usize,
        order: Arc<[u32]>,
        windows: impl Iterator<Item = Range<usize>> + Send + 'static,
    ) -> Result<Self> {
        let (sender, receiver) = sync_channel(READY);
        let images = images.clone();
        let read = move || {
            for window in windows {
                if sender.send(read_words(&images, &order[window], bytes)).is_err() {
                    return;
                }
            }
        };
        let started = thread::Builder::new().name("read ahead".into()).spawn(read);
        started.map_err(Error::io("images".as_ref(), "start a thread to read"))?;
        Ok(Self { windows: Mutex::new(receiver), waited: Duration::ZERO })
    }

    /// The next window; waits until it is read.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file that cannot be read any more.
    pub fn next(&mut self) -> Result<Vec<u8>> {
        let began = Instant::now();
        let window = self.windows.get_mut().unwrap_or_else(PoisonError::into_inner).recv();
        self.waited += began.elapsed();
        window
            .unwrap_or_else(|_| Err(Error::input("read ahead", "a window for each step", "no more of them")))
    }

    /// How long windows were waited for.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

/// The images that `indices` name, of `bytes` bytes each, filled up to whole words, as copies to the device are.
///
/// # Errors
/// [`Error::Io`] or [`Error::Input`] naming the file that cannot be read any more.
fn read_words(images: &Stored, indices: &[u32], bytes: usize) -> Result<Vec<u8>> {
    let mut target = vec![0; (indices.len() * bytes).next_multiple_of(4)];
    images.read(indices, &mut target[..indices.len() * bytes])?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ImageStore;

    /// Images of three bytes: their place, thrice. The last one cannot be read.
    struct Numbers(u32);

    impl ImageStore for Numbers {
        fn read(&self, images: &[u32], target: &mut [u8]) -> Result<()> {
            if images.contains(&(self.0 - 1)) {
                return Err(Error::input("the last", "a file", "none"));
            }
            for (image, target) in images.iter().zip(target.chunks_mut(3)) {
                target.fill(*image as u8);
            }
            Ok(())
        }

        fn words(&self) -> String {
            "numbers".into()
        }
    }

    #[test]
    fn windows_come_in_order_with_the_images_that_are_named() {
        let images = Stored::new(Arc::new(Numbers(10)), (0..10).rev().collect());
        let order: Arc<[u32]> = [3, 1, 2, 9, 0].into();
        let mut ahead =
            ReadAhead::begin(&images, 3, order, [0..2, 2..4, 3..5].into_iter()).expect("a thread");
        // Image k is at place 9 - k.
        assert_eq!(ahead.next().expect("images"), [6, 6, 6, 8, 8, 8, 0, 0]);
        assert_eq!(ahead.next().expect("images"), [7, 7, 7, 0, 0, 0, 0, 0]);
        assert!(ahead.next().is_err());
        assert!(ahead.next().expect_err("the end").to_string().contains("no more"));
    }
}
