//! Whether the coded pixels of a sequential JPEG are as many as its size asks for. Decoders do not say so: damage in the
//! middle makes them lose their place among the codes, go on with wrong pixels, and end early or late.
//!
//! Codes are read and thrown away, which takes a small part of the time of decoding.

use super::huffman::{Bits, Fault, Table};
use std::fmt;

/// Bytes that may stand behind the last pixel: some cameras fill up their files.
const MOST_BEHIND: usize = 64;

/// What is wrong with the coded pixels.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// Of the codes.
    Codes(Fault),
    /// A block has more than 64 coefficients.
    Block,
    /// So many bytes stand behind the last pixel.
    Late(usize),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("damaged pixels: ")?;
        match self {
            Self::Codes(Fault::Unknown) => f.write_str("a code that the file does not define"),
            Self::Block => f.write_str("a block of more than 64 coefficients"),
            Self::Codes(Fault::Early) => f.write_str("their data end before the last of them"),
            Self::Late(bytes) => write!(f, "{bytes} bytes are left behind the last of them"),
        }
    }
}

impl From<Fault> for Damage {
    fn from(fault: Fault) -> Self {
        Self::Codes(fault)
    }
}

/// How a component is sampled.
#[derive(Clone, Copy)]
struct Component {
    id: u8,
    across: usize,
    down: usize,
}

/// What the segments in front of a scan say.
#[derive(Default)]
struct Headers {
    height: usize,
    width: usize,
    components: Vec<Component>,
    /// DC, then AC, four of each.
    tables: [Option<Table>; 8],
    restart: usize,
}

/// A scan's blocks.
struct Scan<'a> {
    units: usize,
    /// For each block of a unit, its DC and its AC table.
    blocks: Vec<(&'a Table, &'a Table)>,
}

/// Looks for damage in the pixels of the JPEG in `bytes`; finds none in what is not coded sequentially by Huffman's codes.
pub(super) fn damage(bytes: &[u8]) -> Option<Damage> {
    let mut headers = Headers::default();
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        match marker {
            0xff => at += 1,
            0xd0..=0xd8 | 0x01 => at += 2,
            0xd9 => return None,
            0xda => match headers.scan(bytes.get(at + 4..end)?)?.check(bytes, end, headers.restart) {
                Ok(next) => at = next,
                Err(damage) => return Some(damage),
            },
            _ => {
                headers.read(marker, bytes.get(at + 4..end)?)?;
                at = end;
            }
        }
    }
    None
}

impl Headers {
    /// Takes in a segment; `None` where the file is not of the kind that is looked at.
    fn read(&mut self, marker: u8, mut segment: &[u8]) -> Option<()> {
        match marker {
            0xc4 => {
                while let Some((&kind, rest)) = segment.split_first() {
                    let (counts, rest) = rest.split_at_checked(16)?;
                    let count = counts.iter().map(|&count| usize::from(count)).sum();
                    let (values, rest) = rest.split_at_checked(count)?;
                    let place = usize::from(kind >> 4) * 4 + usize::from(kind & 15);
                    *self.tables.get_mut(place)? = Some(Table::new(counts, values));
                    segment = rest;
                }
            }
            0xc0 | 0xc1 => {
                let (&[8, a, b, c, d, _], components) = segment.split_first_chunk()? else { return None };
                self.height = u16::from_be_bytes([a, b]).into();
                self.width = u16::from_be_bytes([c, d]).into();
                let component = |three: &[u8]| Component {
                    id: three[0],
                    across: usize::from(three[1] >> 4),
                    down: usize::from(three[1] & 15),
                };
                self.components = components.chunks_exact(3).map(component).collect();
            }
            // Progressive, lossless and arithmetic coding; a height that follows the pixels.
            0xc2..=0xcf | 0xdc => return None,
            0xdd => self.restart = u16::from_be_bytes(*segment.first_chunk()?).into(),
            _ => {}
        }
        Some(())
    }

    fn scan(&self, segment: &[u8]) -> Option<Scan<'_>> {
        let (&count, rest) = segment.split_first()?;
        let most =
            |of: fn(&Component) -> usize| self.components.iter().map(of).max().filter(|&most| most > 0);
        let (across, down) = (most(|component| component.across)?, most(|component| component.down)?);
        let mut blocks = Vec::new();
        let mut units = self.width.div_ceil(8 * across) * self.height.div_ceil(8 * down);
        for pair in rest.get(..2 * usize::from(count))?.chunks_exact(2) {
            let component = self.components.iter().find(|component| component.id == pair[0])?;
            let [dc, ac] = [pair[1] >> 4, 4 + (pair[1] & 15)].map(usize::from);
            let tables = (self.tables.get(dc)?.as_ref()?, self.tables.get(ac)?.as_ref()?);
            let of_unit = if count == 1 { 1 } else { component.across * component.down };
            blocks.extend(std::iter::repeat_n(tables, of_unit));
            if count == 1 {
                let side = |length: usize, part: usize, all: usize| (length * part).div_ceil(all).div_ceil(8);
                units = side(self.width, component.across, across) * side(self.height, component.down, down);
            }
        }
        (units > 0).then_some(Scan { units, blocks })
    }
}

impl Scan<'_> {
    /// Reads all codes from `at` on; gives where the next marker is.
    fn check(&self, bytes: &[u8], mut at: usize, restart: usize) -> Result<usize, Damage> {
        let most = if restart == 0 { self.units } else { restart };
        let mut left = self.units;
        loop {
            let mut bits = Bits::new(bytes, at);
            let units = left.min(most);
            for _ in 0..units {
                self.blocks.iter().try_for_each(|tables| skip_block(&mut bits, *tables))?;
            }
            left -= units;
            let (behind, marker) = bits.rest();
            if behind > MOST_BEHIND {
                return Err(Damage::Late(behind));
            }
            match bytes.get(marker..marker + 2) {
                _ if left == 0 => return Ok(marker),
                Some([0xff, 0xd0..=0xd7]) => at = marker + 2,
                _ => return Err(Fault::Early.into()),
            }
        }
    }
}

fn skip_block(bits: &mut Bits<'_>, (dc, ac): (&Table, &Table)) -> Result<(), Damage> {
    let size = u32::from(dc.decode(bits)?);
    bits.skip(size.min(16))?;
    let mut coefficient = 1;
    while coefficient < 64 {
        let code = ac.decode(bits)?;
        let (run, size) = (usize::from(code >> 4), u32::from(code & 15));
        match (run, size) {
            (0..15, 0) => return Ok(()),
            (15, 0) => coefficient += 16,
            _ => coefficient += run + 1,
        }
        bits.skip(size)?;
        // Sixteen zeros at the end may count one too many.
        if coefficient > 64 && size > 0 {
            return Err(Damage::Block);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, ImageFormat, Luma, Rgb, RgbImage};
    use std::io::Cursor;

    /// Noise, so that every block has many codes.
    fn noise(side: u32) -> Vec<u8> {
        let value = |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ (y.wrapping_mul(40_503) >> 3)) as u8;
        let picture = RgbImage::from_fn(side, side, |x, y| Rgb([value(x, y), value(y, x), value(x + y, y)]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Jpeg).expect("a JPEG");
        bytes.into_inner()
    }

    #[test]
    fn whole_pictures_have_no_damage() {
        for side in [1, 8, 9, 16, 33, 100] {
            assert_eq!(damage(&noise(side)), None, "{side}");
        }
        let mut grey = Cursor::new(Vec::new());
        GrayImage::from_fn(20, 30, |x, y| Luma([(7 * x + 3 * y) as u8]))
            .write_to(&mut grey, ImageFormat::Jpeg)
            .expect("a JPEG");
        assert_eq!(damage(grey.get_ref()), None);
        let mut filled = noise(33);
        let end = filled.len() - 2;
        filled.splice(end..end, [0; 20]);
        assert_eq!(damage(&filled), None);
        assert_eq!(damage(b""), None);
        assert_eq!(damage(&noise(33)[..100]), None);
    }

    #[test]
    fn damage_in_the_middle_is_found() {
        let whole = noise(100);
        let middle = whole.len() / 2;
        let mut shorter = whole.clone();
        shorter.drain(middle..middle + 200);
        assert!(damage(&shorter).is_some());
        let mut longer = whole.clone();
        longer.splice(middle..middle, [0x35; 400]);
        assert!(damage(&longer).is_some());
        let mut zeros = whole.clone();
        zeros[middle..middle + 600].fill(0);
        assert!(damage(&zeros).is_some());
        let mut behind = whole.clone();
        let end = behind.len() - 2;
        behind.splice(end..end, [0x35; 100]);
        assert!(matches!(damage(&behind), Some(Damage::Late(100..=101))));
        let mut early = whole;
        early.truncate(middle);
        early.extend([0xff, 0xd9]);
        assert_eq!(damage(&early), Some(Damage::Codes(Fault::Early)));
    }
}
