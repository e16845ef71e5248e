//! Values that cross as bytes: rows, keys, parameters. The Python side, `host/pack.py`, describes the form.
//!
//! An `Item` borrows what it holds, so texts and bytes are copied once: into the whole, or out of it by whoever keeps
//! them.

use crate::base64;

/// Lists and cases may be nested this deep; what is nested deeper is no item.
const DEEPEST: u32 = 64;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Item<'a> {
    Nothing,
    Truth(bool),
    /// Wide enough for any integer of 64 bits, with or without a sign.
    Int(i128),
    Real(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    List(Vec<Item<'a>>),
    /// A case of a variant, with its value.
    Case(&'a str, Box<Item<'a>>),
}

impl<'a> Item<'a> {
    /// A list of whatever can be an item.
    pub fn list<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// A case with its value.
    pub fn case(name: &'a str, value: impl Into<Self>) -> Self {
        Self::Case(name, Box::new(value.into()))
    }

    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The integer, where the wanted type has room for it.
    pub fn int<T: TryFrom<i128>>(&self) -> Option<T> {
        match self {
            Self::Int(number) => T::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The number; an integer counts as the float nearest to it.
    pub fn real(&self) -> Option<f64> {
        match self {
            Self::Real(number) => Some(*number),
            Self::Int(number) => Some(*number as f64),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The items of a list of exactly so many.
    pub fn array<const N: usize>(&self) -> Option<&[Self; N]> {
        self.items()?.try_into().ok()
    }

    /// Name and value of a case.
    pub fn variant(&self) -> Option<(&'a str, &Self)> {
        match self {
            Self::Case(name, value) => Some((name, value)),
            _ => None,
        }
    }

    /// None for nothing, else what `read` makes of the item; the outer None when that fails.
    pub fn optional<'i, T>(&'i self, read: impl FnOnce(&'i Self) -> Option<T>) -> Option<Option<T>> {
        match self {
            Self::Nothing => Some(None),
            other => read(other).map(Some),
        }
    }

    /// A list, each of whose items `read` understands.
    pub fn each<T>(&self, read: impl FnMut(&Self) -> Option<T>) -> Option<Vec<T>> {
        self.items()?.iter().map(read).collect()
    }

    /// A list of texts.
    pub fn texts(&self) -> Option<Vec<String>> {
        self.each(|item| item.text().map(str::to_owned))
    }
}

macro_rules! from {
    ($($kind:ty => |$value:ident| $made:expr;)*) => {
        $(impl<'a> From<$kind> for Item<'a> {
            fn from($value: $kind) -> Self {
                $made
            }
        })*
    };
}

from! {
    () => |_nothing| Self::Nothing;
    bool => |truth| Self::Truth(truth);
    i32 => |number| Self::Int(number.into());
    u32 => |number| Self::Int(number.into());
    i64 => |number| Self::Int(number.into());
    u64 => |number| Self::Int(number.into());
    f32 => |number| Self::Real(number.into());
    f64 => |number| Self::Real(number);
    &'a str => |text| Self::Text(text);
    &'a String => |text| Self::Text(text);
    &'a [u8] => |bytes| Self::Bytes(bytes);
    &'a Vec<u8> => |bytes| Self::Bytes(bytes);
    Vec<Item<'a>> => |items| Self::List(items);
}

impl<'a, T: Into<Item<'a>>> From<Option<T>> for Item<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

/// Items of different kinds as one list: `items![key, bytes, 3]`.
#[macro_export]
macro_rules! items {
    ($($item:expr),* $(,)?) => {
        $crate::pack::Item::List(vec![$($crate::pack::Item::from($item)),*])
    };
}

/// An item as bytes.
pub fn pack(item: &Item<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(size(item));
    put(item, &mut |piece| out.extend_from_slice(piece));
    out
}

/// An item as a `data` string. What is long in it is copied once.
pub fn encode(item: &Item<'_>) -> String {
    let mut out = Vec::new();
    if is_ascii(item) {
        out.reserve_exact(1 + size(item));
        out.push(b'=');
        put(item, &mut |piece| out.extend_from_slice(piece));
    } else {
        out.reserve_exact(1 + size(item).div_ceil(3) * 4);
        out.push(b'*');
        let mut encoder = base64::Encoder::new(&mut out);
        put(item, &mut |piece| encoder.push(piece));
        encoder.finish();
    }
    String::from_utf8(out).unwrap_or_default()
}

fn is_ascii(item: &Item<'_>) -> bool {
    match item {
        Item::Text(text) => text.is_ascii(),
        Item::Bytes(bytes) => bytes.is_ascii(),
        Item::List(items) => items.iter().all(is_ascii),
        Item::Case(name, value) => name.is_ascii() && is_ascii(value),
        _ => true,
    }
}

/// About how many bytes it will be: near enough that long contents are not moved again.
fn size(item: &Item<'_>) -> usize {
    const HEAD: usize = 12;
    HEAD + match item {
        Item::Text(text) => text.len(),
        Item::Bytes(bytes) => bytes.len(),
        Item::List(items) => items.iter().map(size).sum(),
        Item::Case(name, value) => name.len() + size(value),
        _ => HEAD,
    }
}

/// Takes a piece of what is written.
type Write<'a> = dyn FnMut(&[u8]) + 'a;

fn put(item: &Item<'_>, out: &mut Write<'_>) {
    match item {
        Item::Nothing => out(b"n"),
        Item::Truth(truth) => out(if *truth { b"t" } else { b"f" }),
        Item::Int(number) => {
            out(if *number < 0 { b"i-" } else { b"i" });
            digits(number.unsigned_abs(), out);
            out(b";");
        }
        Item::Real(number) => {
            out(b"r");
            out(format!("{number:?}").as_bytes());
            out(b";");
        }
        Item::Text(text) => counted(b"s", text.as_bytes(), out),
        Item::Bytes(bytes) => counted(b"b", bytes, out),
        Item::List(items) => {
            head(b"l", items.len(), out);
            items.iter().for_each(|one| put(one, out));
        }
        Item::Case(name, value) => {
            counted(b"v", name.as_bytes(), out);
            put(value, out);
        }
    }
}

fn counted(kind: &[u8], contents: &[u8], out: &mut Write<'_>) {
    head(kind, contents.len(), out);
    out(contents);
}

fn head(kind: &[u8], count: usize, out: &mut Write<'_>) {
    out(kind);
    digits(count as u128, out);
    out(b":");
}

fn digits(number: u128, out: &mut Write<'_>) {
    let Ok(mut rest) = u64::try_from(number) else {
        return out(number.to_string().as_bytes());
    };
    let mut text = [0; 20];
    let mut start = text.len();
    loop {
        start -= 1;
        text[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return out(&text[start..]);
        }
    }
}

/// The item that the bytes hold; None when they hold something else.
pub fn unpack(bytes: &[u8]) -> Option<Item<'_>> {
    let mut reader = Reader { rest: bytes };
    let item = reader.item(DEEPEST)?;
    reader.rest.is_empty().then_some(item)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn item(&mut self, depth: u32) -> Option<Item<'a>> {
        let (kind, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(match kind {
            b'n' => Item::Nothing,
            b't' => Item::Truth(true),
            b'f' => Item::Truth(false),
            b'i' => Item::Int(integer(self.until(b';')?)?),
            b'r' => Item::Real(text(self.until(b';')?)?.parse().ok()?),
            b's' => Item::Text(text(self.counted()?)?),
            b'b' => Item::Bytes(self.counted()?),
            b'l' => {
                let count = self.count()?;
                let depth = depth.checked_sub(1)?;
                // An item has at least one byte: more than that can't follow.
                let mut items = Vec::with_capacity(count.min(self.rest.len()));
                for _ in 0..count {
                    items.push(self.item(depth)?);
                }
                Item::List(items)
            }
            b'v' => {
                let name = text(self.counted()?)?;
                Item::Case(name, Box::new(self.item(depth.checked_sub(1)?)?))
            }
            _ => return None,
        })
    }

    /// What is before the next such byte.
    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = self.rest.iter().position(|byte| *byte == end)?;
        let found = &self.rest[..at];
        self.rest = &self.rest[at + 1..];
        Some(found)
    }

    fn count(&mut self) -> Option<usize> {
        integer(self.until(b':')?)?.try_into().ok()
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let count = self.count()?;
        let (found, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(found)
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn integer(bytes: &[u8]) -> Option<i128> {
    let (negative, digits) = match bytes.split_first()? {
        (b'-', digits) => (true, digits),
        _ => (false, bytes),
    };
    // Twenty digits are enough for 64 bits, and can't overflow twice that.
    if digits.is_empty() || digits.len() > 20 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (high, low) = digits.split_at(digits.len().saturating_sub(18));
    let part = |digits: &[u8]| digits.iter().fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
    let number = i128::from(part(high)) * 1_000_000_000_000_000_000 + i128::from(part(low));
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_back(item: &Item<'_>) {
        assert_eq!(unpack(&pack(item)).as_ref(), Some(item));
        assert_eq!(crate::data::decode(encode(item)), pack(item));
    }

    #[test]
    fn an_item_looks_like_this() {
        let bytes: &[u8] = b"\xff";
        let item = items!["a", bytes, -3, 0.5, (), true, Item::case("uuid", "x")];
        assert_eq!(pack(&item), b"l7:s1:ab1:\xffi-3;r0.5;ntv4:uuids1:x");
        comes_back(&item);
    }

    #[test]
    fn integers_of_64_bits_are_exact() {
        for number in [0, 1, -1, i64::MIN.into(), i64::MAX.into(), u64::MAX.into(), 10_i128.pow(18), 999] {
            comes_back(&Item::Int(number));
        }
        assert_eq!(Item::from(u64::MAX).int::<u64>(), Some(u64::MAX));
        assert_eq!(Item::from(u64::MAX).int::<i64>(), None);
        assert_eq!(pack(&Item::Int(i128::MAX)), format!("i{};", i128::MAX).as_bytes());
    }

    #[test]
    fn floats_are_exact_and_may_be_infinite() {
        for number in [0.0, 0.1, -1.5e-300, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::INFINITY, f64::NEG_INFINITY] {
            comes_back(&Item::Real(number));
        }
        assert_eq!(unpack(b"r1e+300;"), Some(Item::Real(1e300)));
        assert!(matches!(unpack(b"rnan;"), Some(Item::Real(number)) if number.is_nan()));
    }

    #[test]
    fn texts_and_lists_of_any_length_come_back() {
        comes_back(&Item::list(["", "ü", "a:b;c", "line\nline"]));
        comes_back(&Item::List(vec![]));
        comes_back(&items![items![items![()]], Some("a"), None::<i64>]);
    }

    #[test]
    fn bytes_that_hold_no_item_are_refused() {
        let broken: [&[u8]; 16] = [
            b"",
            b"x",
            b"s5:abc",
            b"i12",
            b"nn",
            b"l2:n",
            b"s-1:",
            b"v1:",
            b"i;",
            b"i-;",
            b"i1a;",
            b"s1:\xff",
            b"r;",
            b"l99999999999:",
            b"s18446744073709551616:",
            b"i123456789012345678901;",
        ];
        for bytes in broken {
            assert_eq!(unpack(bytes), None, "{bytes:?}");
        }
        assert_eq!(unpack(&b"l1:".repeat(100_000)), None);
    }

    #[test]
    fn what_is_inside_is_asked_for_by_kind() {
        let item = items!["a", None::<i64>, 7, vec![Item::from("x"), Item::from("y")], Item::case("c", 1)];
        let [name, nothing, number, list, case] = item.array().unwrap();
        assert_eq!(name.text(), Some("a"));
        assert_eq!(nothing.optional(|item| item.int::<i64>()), Some(None));
        assert_eq!(number.optional(|item| item.int::<i64>()), Some(Some(7)));
        assert_eq!(name.optional(|item| item.int::<i64>()), None);
        assert_eq!(list.texts(), Some(vec!["x".to_owned(), "y".to_owned()]));
        assert_eq!(case.variant().map(|(name, value)| (name, value.int::<u8>())), Some(("c", Some(1))));
        assert_eq!(number.real(), Some(7.0));
        assert!(item.array::<2>().is_none() && item.text().is_none() && name.items().is_none());
    }
}
