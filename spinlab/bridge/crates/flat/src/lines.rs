//! What a guest writes to stdout and stderr, cut into whole lines for the log.

/// A line that never ends is cut here, so that it can't fill the memory.
const LONGEST: usize = 16 * 1024;

/// The unfinished line of one stream.
#[derive(Debug, Default)]
pub struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    pub const fn new() -> Self {
        Self { rest: Vec::new() }
    }

    /// Take `bytes` in; answers the lines that are whole now, with their newlines.
    pub fn push(&mut self, bytes: &[u8]) -> Option<String> {
        let whole = match bytes.iter().rposition(|c| *c == b'\n') {
            Some(newline) => newline + 1,
            None if self.rest.len() + bytes.len() >= LONGEST => bytes.len(),
            None => 0,
        };
        if whole == 0 {
            self.rest.extend_from_slice(bytes);
            return None;
        }
        self.rest.extend_from_slice(&bytes[..whole]);
        let text = String::from_utf8_lossy(&self.rest).into_owned();
        self.rest.clear();
        self.rest.extend_from_slice(&bytes[whole..]);
        Some(text)
    }

    /// The last fragment, if there is one.
    pub fn finish(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.rest);
        (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_come_out() {
        let mut lines = Lines::new();
        assert_eq!(lines.push(b"one"), None);
        assert_eq!(lines.push(b" two\nthree\nfo"), Some("one two\nthree\n".into()));
        assert_eq!(lines.push(b"ur"), None);
        assert_eq!(lines.finish(), Some("four".into()));
        assert_eq!(lines.finish(), None);
    }

    #[test]
    fn a_character_split_over_two_writes_is_whole() {
        let mut lines = Lines::new();
        assert_eq!(lines.push(b"\xc3"), None);
        assert_eq!(lines.push(b"\xbc\n"), Some("ü\n".into()));
    }

    #[test]
    fn an_endless_line_is_cut() {
        let mut lines = Lines::new();
        let piece = vec![b'x'; LONGEST - 1];
        assert_eq!(lines.push(&piece), None);
        assert_eq!(lines.push(b"y").map(|line| line.len()), Some(LONGEST));
    }
}
