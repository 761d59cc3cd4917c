//! Decodes UTF-16, which some spreadsheets save text as. A byte order mark at the start of a file shows it.

use std::io::{self, BufRead, BufReader, Read};

/// The byte that stands for what is not UTF-16. It is not UTF-8 either, so that the line is reported.
const INVALID: u8 = 0xff;

/// The number of bytes that are decoded together.
const CHUNK: usize = 1 << 16;

/// Returns a reader of UTF-8: the same bytes, or those of a file in UTF-16 decoded.
pub(super) fn decoded<'r>(reader: &'r mut dyn BufRead) -> io::Result<Box<dyn BufRead + 'r>> {
    let (is_little, is_utf_16) = match reader.fill_buf()? {
        // The mark of UTF-32 begins with that of UTF-16.
        [0xff, 0xfe, 0, 0, ..] => (true, false),
        [0xff, 0xfe, ..] => (true, true),
        [0xfe, 0xff, ..] => (false, true),
        _ => (false, false),
    };
    if !is_utf_16 {
        return Ok(Box::new(reader));
    }
    Ok(Box::new(BufReader::new(Utf16 { reader, is_little, odd: None, high: None, text: Vec::new(), at: 0 })))
}

struct Utf16<'r> {
    reader: &'r mut dyn BufRead,
    is_little: bool,
    /// The first byte of a unit whose second byte is in the next chunk.
    odd: Option<u8>,
    /// The first unit of a surrogate pair whose second unit is in the next chunk.
    high: Option<u16>,
    /// Decoded text, and the position up to which it was read.
    text: Vec<u8>,
    at: usize,
}

impl Read for Utf16<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() {
            if !self.decode_chunk()? {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.text.len() - self.at);
        buffer[..count].copy_from_slice(&self.text[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

impl Utf16<'_> {
    /// Decodes the next chunk. Returns false at the end of the file.
    fn decode_chunk(&mut self) -> io::Result<bool> {
        let mut bytes: Vec<u8> = self.odd.take().into_iter().collect();
        let before = bytes.len();
        (&mut *self.reader).take(CHUNK as u64).read_to_end(&mut bytes)?;
        let is_end = bytes.len() == before;
        if is_end && bytes.is_empty() && self.high.is_none() {
            return Ok(false);
        }
        (self.text, self.at) = (Vec::new(), 0);
        let pairs = bytes.chunks_exact(2);
        let rest = pairs.remainder().first().copied();
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair[1]];
            if self.is_little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
        };
        let mut units: Vec<u16> = self.high.take().into_iter().chain(pairs.map(unit)).collect();
        if !is_end {
            self.odd = rest;
            self.high = units.pop_if(|last| (0xd800..0xdc00).contains(last));
        }
        for decoded in char::decode_utf16(units) {
            match decoded {
                Ok(character) => self.text.extend(character.encode_utf8(&mut [0; 4]).bytes()),
                Err(_) => self.text.push(INVALID),
            }
        }
        if is_end && rest.is_some() {
            self.text.push(INVALID);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::{CHUNK, decoded};

    fn read(bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        decoded(&mut BufReader::new(bytes)).unwrap().read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn decodes_both_byte_orders_and_reports_what_is_damaged() {
        // The pair of a surrogate, and the bytes of a unit, lie on both sides of the end of a chunk.
        for length in [0, CHUNK / 2 - 3, CHUNK / 2 - 2, CHUNK / 2 - 1] {
            let text = format!("\u{feff}{}\u{1f600}\u{e9}\n", "a".repeat(length));
            for unit in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
                let bytes: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
                assert!(read(&bytes) == text.as_bytes(), "{length}");
            }
        }
        assert_eq!(read(b"\xff\xfea\0b"), b"\xef\xbb\xbfa\xff");
        assert_eq!(read(b"\xff\xfe\x3d\xd8a\0"), b"\xef\xbb\xbf\xffa");
        assert_eq!(read(b"\xff\xfe\x3d\xd8"), b"\xef\xbb\xbf\xff");
        assert_eq!(read(b"\xff\xfe\0\0a\0\0\0"), b"\xff\xfe\0\0a\0\0\0");
        assert_eq!((read(b"plain"), read(b"")), (b"plain".to_vec(), Vec::new()));
    }
}
