//! Parameters as words: `int32=5`, `range-int32=[1,5)`, `array-str=a,,b` (what is missing is null), `null`.

use std::fmt::Debug;
use std::str::FromStr;

/// A number or truth value.
pub fn one<T: FromStr<Err: Debug>>(word: &str) -> T {
    word.parse().expect("a value of its type")
}

/// Values with commas between.
pub fn several<T: FromStr<Err: Debug>>(word: &str) -> Vec<T> {
    word.split(',').map(one).collect()
}

/// The same where some may be missing.
pub fn optional<T: FromStr<Err: Debug>>(word: &str) -> Vec<Option<T>> {
    let given = |item: &str| (!item.is_empty()).then(|| one(item));
    if word == "empty" {
        vec![]
    } else {
        word.split(',').map(given).collect()
    }
}

/// The bounds of a range and whether each is inclusive.
pub fn bounds<T: FromStr<Err: Debug>>(word: &str) -> [Option<(T, bool)>; 2] {
    let (lower, upper) = word[1..word.len() - 1].split_once(',').expect("two bounds");
    let bound = |text: &str, inclusive| (!text.is_empty()).then(|| (one(text), inclusive));
    [bound(lower, word.starts_with('[')), bound(upper, word.ends_with(']'))]
}

/// Defines `$name`, which reads a word as a parameter of the version `$module`; the last word says which cases there
/// are beside those that all versions have.
macro_rules! scalars {
    ($name:ident, $module:ident, $more:ident) => {
        fn $name(word: &str) -> $module::ParameterValue {
            use $module::ParameterValue as Value;
            let (case, text) = word.split_once('=').unwrap_or((word, ""));
            match case {
                "null" => Value::DbNull,
                "boolean" => Value::Boolean($crate::words::one(text)),
                "int8" => Value::Int8($crate::words::one(text)),
                "int16" => Value::Int16($crate::words::one(text)),
                "int32" => Value::Int32($crate::words::one(text)),
                "int64" => Value::Int64($crate::words::one(text)),
                "floating32" => Value::Floating32($crate::words::one(text)),
                "floating64" => Value::Floating64($crate::words::one(text)),
                "str" => Value::Str(text.into()),
                "binary" => Value::Binary(if text.is_empty() { vec![] } else { $crate::words::several(text) }),
                _ => $crate::words::$more!($module, case, text),
            }
        }
    };
}
pub(crate) use scalars;

macro_rules! unsigned {
    ($module:ident, $case:expr, $text:expr) => {
        match $case {
            "uint8" => $module::ParameterValue::Uint8($crate::words::one($text)),
            "uint16" => $module::ParameterValue::Uint16($crate::words::one($text)),
            "uint32" => $module::ParameterValue::Uint32($crate::words::one($text)),
            "uint64" => $module::ParameterValue::Uint64($crate::words::one($text)),
            _ => panic!("no such case"),
        }
    };
}
pub(crate) use unsigned;

// A guest of WASI 0.3 has versions without these.
#[allow(unused_macros)]
macro_rules! dates {
    ($module:ident, $case:expr, $text:expr) => {{
        let numbers: Vec<i64> = $crate::words::several($text);
        let n = |at: usize| numbers[at] as u8;
        match $case {
            "date" => $module::ParameterValue::Date((numbers[0] as i32, n(1), n(2))),
            "time" => $module::ParameterValue::Time((n(0), n(1), n(2), numbers[3] as u32)),
            "datetime" => {
                $module::ParameterValue::Datetime((numbers[0] as i32, n(1), n(2), n(3), n(4), n(5), numbers[6] as u32))
            }
            "timestamp" => $module::ParameterValue::Timestamp(numbers[0]),
            _ => panic!("no such case"),
        }
    }};
}
#[allow(unused_imports)]
pub(crate) use dates;

macro_rules! all {
    ($module:ident, $case:expr, $text:expr) => {{
        use $module::ParameterValue as Value;
        let kind = |inclusive| match inclusive {
            true => $module::RangeBoundKind::Inclusive,
            false => $module::RangeBoundKind::Exclusive,
        };
        macro_rules! range {
            ($of:ty) => {{
                let [lower, upper] = $crate::words::bounds::<$of>($text);
                (lower.map(|(value, inside)| (value, kind(inside))), upper.map(|(value, inside)| (value, kind(inside))))
            }};
        }
        match $case {
            "uuid" => Value::Uuid($text.into()),
            "jsonb" => Value::Jsonb($text.into()),
            "decimal" => Value::Decimal($text.into()),
            "range-int32" => Value::RangeInt32(range!(i32)),
            "range-int64" => Value::RangeInt64(range!(i64)),
            "range-decimal" => Value::RangeDecimal(range!(String)),
            "array-int32" => Value::ArrayInt32($crate::words::optional($text)),
            "array-int64" => Value::ArrayInt64($crate::words::optional($text)),
            "array-decimal" => Value::ArrayDecimal($crate::words::optional($text)),
            "array-str" => Value::ArrayStr($crate::words::optional($text)),
            "interval" => {
                let numbers: Vec<i64> = $crate::words::several($text);
                let (days, months) = (numbers[1] as i32, numbers[2] as i32);
                Value::Interval($module::Interval { micros: numbers[0], days, months })
            }
            _ => $crate::words::dates!($module, $case, $text),
        }
    }};
}
pub(crate) use all;
