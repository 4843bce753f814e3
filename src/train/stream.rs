//! The images of a data set that is not in memory, on the device window by window.

use super::read_ahead::ReadAhead;
use crate::data::{Dataset, Stored};
use crate::error::Result;
use crate::gpu::{Gpu, Tensor};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Places on the device for a window of images.
#[derive(Clone)]
pub(super) struct Slots {
    /// How many there are.
    pub count: usize,
    /// (count, C, H, W) bytes, four to a word.
    pub words: Tensor,
    images: Stored,
    /// Of an image.
    bytes: usize,
}

impl Slots {
    /// Begins to read batches of `rows` images, from each of `starts` on.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`] when there can be no further thread.
    pub fn read_ahead(&self, starts: &[usize], rows: usize) -> Result<ReadAhead> {
        let in_file_order = (0..self.images.len() as u32).collect();
        let windows: Vec<Range<usize>> = starts.iter().map(|&start| start..start + rows).collect();
        ReadAhead::begin(&self.images, self.bytes, in_file_order, windows.into_iter())
    }
}

/// Slots, and what fills them.
pub(super) struct Stream {
    slots: Slots,
    /// The order in which images are visited.
    order: Arc<[u32]>,
    /// How many images are visited.
    visited: usize,
    ahead: Option<ReadAhead>,
    /// The window that was read last, by number.
    current: Option<(usize, Vec<u8>)>,
    /// How long those before were waited for.
    waited: Duration,
}

impl Stream {
    /// For the images of `data` if these are not in memory, `count` of them at a time.
    ///
    /// # Errors
    /// [`crate::error::Error`] when the device cannot hold so many.
    pub fn new(gpu: &Gpu, data: &Dataset, count: usize) -> Result<Option<Self>> {
        let Some(images) = data.stored.clone() else { return Ok(None) };
        let bytes = data.shape.len();
        let words = Tensor::zeros_of::<u32>(gpu, "images", &[(count * bytes).div_ceil(4)])?;
        Ok(Some(Self {
            slots: Slots { count, words, images, bytes },
            order: (0..data.len() as u32).collect(),
            visited: data.len(),
            ahead: None,
            current: None,
            waited: Duration::ZERO,
        }))
    }

    /// Where a window's images are on the device.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Where on the device each of the images is that are visited one after the other.
    pub fn slot_order(&self) -> Vec<u32> {
        (0..self.slots.images.len()).map(|place| (place % self.slots.count) as u32).collect()
    }

    /// Visits the first `visited` images of `order` from here on.
    pub fn visit(&mut self, order: &[u32], visited: usize) {
        (self.order, self.visited) = (order.into(), visited);
        self.waited = self.waited();
        (self.ahead, self.current) = (None, None);
    }

    /// The bytes of window number `window`, and where they belong; waits until they are read.
    ///
    /// # Errors
    /// [`crate::error::Error`] naming the file that cannot be read any more.
    pub fn window(&mut self, window: usize) -> Result<(&Tensor, &[u8])> {
        let held = self.current.as_ref().map(|(number, _)| *number);
        if held != Some(window) {
            let follows = held.is_some_and(|held| held + 1 == window);
            self.waited = if follows { self.waited } else { self.waited() };
            let mut ahead = match self.ahead.take().filter(|_| follows) {
                Some(ahead) => ahead,
                None => self.read_ahead(window)?,
            };
            self.current = Some((window, ahead.next()?));
            self.ahead = Some(ahead);
        }
        let bytes = self.current.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        Ok((&self.slots.words, bytes))
    }

    fn read_ahead(&self, first: usize) -> Result<ReadAhead> {
        let (slots, visited) = (self.slots.count, self.visited);
        let windows = (first * slots..visited).step_by(slots);
        let windows = windows.map(move |from| from..(from + slots).min(visited));
        ReadAhead::begin(&self.slots.images, self.slots.bytes, self.order.clone(), windows)
    }

    /// How long images were waited for.
    pub fn waited(&self) -> Duration {
        self.waited + self.ahead.as_ref().map_or(Duration::ZERO, ReadAhead::waited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ImageStore;
    use crate::gpu::{Options, choose};
    use crate::shape::MapShape;

    /// Images of one byte: their place.
    struct Numbers;

    impl ImageStore for Numbers {
        fn read(&self, images: &[u32], target: &mut [u8]) -> Result<()> {
            images.iter().zip(target).for_each(|(&image, byte)| *byte = image as u8);
            Ok(())
        }

        fn words(&self) -> String {
            "numbers".into()
        }
    }

    #[test]
    fn windows_follow_the_order_from_wherever_they_are_asked_for() {
        let gpu = choose(None).and_then(|adapter| Gpu::open(&adapter, Options::default())).expect("a device");
        let stored = Stored::new(Arc::new(Numbers), (0..10).collect());
        let data = Dataset::new(MapShape::new(1, 1, 1), vec![], None, vec![]).expect("no images");
        let data = Dataset { stored: Some(stored), ..data };
        let mut stream = Stream::new(&gpu, &data, 4).expect("memory").expect("a stream");
        assert_eq!(stream.slot_order(), [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]);
        stream.visit(&[9, 8, 7, 6, 5, 4, 3, 2, 1, 0], 9);
        let mut window = |number| stream.window(number).expect("images").1.to_vec();
        // Two in a row, one again, and one before.
        assert_eq!([0, 1, 1, 0].map(&mut window), [[9, 8, 7, 6], [5, 4, 3, 2], [5, 4, 3, 2], [9, 8, 7, 6]]);
        assert_eq!(window(2), [1, 0, 0, 0]);
        stream.visit(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 8);
        assert_eq!(stream.window(1).expect("images").1, [4, 5, 6, 7]);
        assert!(stream.window(2).is_err());
    }
}
