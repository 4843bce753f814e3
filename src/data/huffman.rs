//! The codes of a JPEG's pixels, read to be counted.

/// How many bits of a code are looked up at once.
const LOOKUP: u32 = 9;

/// Why codes cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No code begins so.
    Unknown,
    /// They end too early.
    Early,
}

/// A Huffman table.
#[derive(Clone)]
pub(super) struct Table {
    /// By the next [`LOOKUP`] bits: length and value of a code that is no longer, or a length of 0.
    short: Vec<(u8, u8)>,
    /// For each length: the first code, how many there are, and where their values begin.
    codes: [(u32, u32, usize); 17],
    values: Vec<u8>,
}

impl Table {
    /// From the number of codes of each length from 1 to 16, and their values.
    pub(super) fn new(counts: &[u8], values: &[u8]) -> Self {
        let mut table =
            Self { short: vec![(0, 0); 1 << LOOKUP], codes: [(0, 0, 0); 17], values: values.to_vec() };
        let (mut code, mut from) = (0_u32, 0);
        for (length, &count) in (1_u32..).zip(counts) {
            table.codes[length as usize] = (code, u32::from(count), from);
            for index in 0..usize::from(count) {
                if length <= LOOKUP {
                    let first = (code as usize) << (LOOKUP - length);
                    let places = table.short.iter_mut().skip(first).take(1 << (LOOKUP - length));
                    let value = values.get(from + index).copied().unwrap_or(0);
                    places.for_each(|place| *place = (length as u8, value));
                }
                code += 1;
            }
            from += usize::from(count);
            code <<= 1;
        }
        table
    }

    pub(super) fn decode(&self, bits: &mut Bits<'_>) -> Result<u8, Fault> {
        let (length, value) = self.short[bits.peek(LOOKUP) as usize];
        if length > 0 {
            bits.skip(u32::from(length))?;
            return Ok(value);
        }
        let sixteen = bits.peek(16);
        for length in LOOKUP + 1..=16 {
            let (first, count, from) = self.codes[length as usize];
            let place = (sixteen >> (16 - length)).wrapping_sub(first);
            if place < count {
                bits.skip(length)?;
                return self.values.get(from + place as usize).copied().ok_or(Fault::Unknown);
            }
        }
        Err(if bits.left() < 16 { Fault::Early } else { Fault::Unknown })
    }
}

/// The bits of the coded pixels up to the next marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte to be taken.
    at: usize,
    /// The next bits, the first one on the left.
    held: u64,
    count: u32,
    /// Whether a marker or the end follows what is held.
    ended: bool,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, held: 0, count: 0, ended: false }
    }

    fn fill(&mut self) {
        while self.count <= 56 && !self.ended {
            let (byte, next) = match self.bytes.get(self.at..) {
                Some([0xff, 0, ..]) => (0xff, 2),
                Some([byte, ..]) if *byte != 0xff => (*byte, 1),
                _ => {
                    self.ended = true;
                    return;
                }
            };
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
            self.at += next;
        }
    }

    /// The next `count` bits, zeros behind the end.
    fn peek(&mut self, count: u32) -> u32 {
        if self.count < count {
            self.fill();
        }
        (self.held >> (64 - count)) as u32
    }

    fn left(&self) -> u32 {
        self.count
    }

    pub(super) fn skip(&mut self, count: u32) -> Result<(), Fault> {
        if self.count < count {
            self.fill();
        }
        self.count = self.count.checked_sub(count).ok_or(Fault::Early)?;
        self.held <<= count;
        Ok(())
    }

    /// The bytes that are left up to the next marker, and where that is.
    pub(super) fn rest(self) -> (usize, usize) {
        let mut at = self.at;
        while let Some(pair) = self.bytes.get(at..at + 2) {
            match pair {
                [0xff, 0] => at += 2,
                [0xff, _] => break,
                _ => at += 1,
            }
        }
        (self.count as usize / 8 + at - self.at, at)
    }
}
