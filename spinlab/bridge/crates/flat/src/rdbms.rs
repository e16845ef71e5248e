//! Parameters, values and columns of relational databases: one macro that makes the conversions of one version of an
//! interface, since each has its own types for the same thing.

/// Conversions in a module where `ParameterValue`, `DbValue`, `DbDataType`, `Column` and `Item` are those of a version.
///
/// All versions have booleans, signed integers, floats, texts and bytes. What a version has beside them is given:
/// arms from its parameters to the name of the case and an item, arms from names to values, and from names to types of
/// columns; what becomes of other cases comes last. Names without an arm, such as a `uuid` that an early version does
/// not know, are unsupported there.
#[macro_export]
macro_rules! rdbms {
    (
        parameters { $($parameter:pat => $name:literal, $item:expr;)* }
        values($content:ident) { $($case:literal => $value:expr;)* _ => $unsupported:expr }
        types($detail:ident) { $($kind:literal => $type:ident;)* _ => $other:expr }
    ) => {
        fn parameter(value: &ParameterValue) -> Item<'_> {
            let (name, item) = match value {
                ParameterValue::Boolean(truth) => ("boolean", Item::from(*truth)),
                ParameterValue::Int8(number) => ("int8", Item::from(i32::from(*number))),
                ParameterValue::Int16(number) => ("int16", Item::from(i32::from(*number))),
                ParameterValue::Int32(number) => ("int32", Item::from(*number)),
                ParameterValue::Int64(number) => ("int64", Item::from(*number)),
                ParameterValue::Floating32(number) => ("floating32", Item::from(*number)),
                ParameterValue::Floating64(number) => ("floating64", Item::from(*number)),
                ParameterValue::Str(text) => ("str", Item::from(text)),
                ParameterValue::Binary(bytes) => ("binary", Item::from(bytes)),
                ParameterValue::DbNull => return Item::Nothing,
                $($parameter => ($name, $item),)*
            };
            Item::case(name, item)
        }

        /// A statement and its parameters, for the host.
        fn question(statement: &str, parameters: &[ParameterValue], streamed: bool) -> String {
            let parameters = Item::List(parameters.iter().map(parameter).collect());
            $crate::pack::encode(&$crate::items![statement, parameters, streamed])
        }

        fn value(item: &Item<'_>) -> Option<DbValue> {
            if *item == Item::Nothing {
                return Some(DbValue::DbNull);
            }
            let (case, $content) = item.variant()?;
            Some(match case {
                "boolean" => DbValue::Boolean($content.truth()?),
                "int8" => DbValue::Int8($content.int()?),
                "int16" => DbValue::Int16($content.int()?),
                "int32" => DbValue::Int32($content.int()?),
                "int64" => DbValue::Int64($content.int()?),
                "floating32" => DbValue::Floating32($content.real()? as f32),
                "floating64" => DbValue::Floating64($content.real()?),
                "str" => DbValue::Str($content.text()?.to_owned()),
                "binary" => DbValue::Binary($content.bytes()?.to_vec()),
                $($case => $value,)*
                _ => $unsupported,
            })
        }

        fn column(item: &Item<'_>) -> Option<Column> {
            let [name, kind] = item.array()?;
            let (case, $detail) = kind.variant()?;
            let data_type = match case {
                "boolean" => DbDataType::Boolean,
                "int8" => DbDataType::Int8,
                "int16" => DbDataType::Int16,
                "int32" => DbDataType::Int32,
                "int64" => DbDataType::Int64,
                "floating32" => DbDataType::Floating32,
                "floating64" => DbDataType::Floating64,
                "str" => DbDataType::Str,
                "binary" => DbDataType::Binary,
                $($kind => DbDataType::$type,)*
                _ => $other,
            };
            Some(Column { name: name.text()?.to_owned(), data_type })
        }

        fn rows_of(item: &Item<'_>) -> Option<Vec<Vec<DbValue>>> {
            item.each(|row| row.each(value))
        }

        fn rows(part: &[u8]) -> Option<Vec<Vec<DbValue>>> {
            rows_of(&$crate::pack::unpack(part)?)
        }

        /// The columns, and the first rows.
        fn result(part: &[u8]) -> Option<RowSet> {
            let item = $crate::pack::unpack(part)?;
            let [columns, rows] = item.array()?;
            Some(RowSet { columns: columns.each(column)?, rows: rows_of(rows)? })
        }
    };
}

/// The conversions and errors of `spin:postgres@4`, in a module where its types are.
#[macro_export]
macro_rules! postgres4 {
    () => {
        $crate::rdbms! {
            parameters {
                ParameterValue::Date(date) => "date", $crate::rdbms::date(date);
                ParameterValue::Time(time) => "time", $crate::rdbms::time(time);
                ParameterValue::Datetime(moment) => "datetime", $crate::rdbms::datetime(moment);
                ParameterValue::Timestamp(seconds) => "timestamp", Item::from(*seconds);
                ParameterValue::Uuid(text) => "uuid", Item::from(text);
                ParameterValue::Jsonb(bytes) => "jsonb", Item::from(bytes);
                ParameterValue::Decimal(text) => "decimal", Item::from(text);
                ParameterValue::RangeInt32((lower, upper)) => "range-int32",
                    $crate::items![bound(lower, |n| Item::from(*n)), bound(upper, |n| Item::from(*n))];
                ParameterValue::RangeInt64((lower, upper)) => "range-int64",
                    $crate::items![bound(lower, |n| Item::from(*n)), bound(upper, |n| Item::from(*n))];
                ParameterValue::RangeDecimal((lower, upper)) => "range-decimal",
                    $crate::items![bound(lower, Item::from), bound(upper, Item::from)];
                ParameterValue::ArrayInt32(items) => "array-int32", Item::list(items.iter().copied());
                ParameterValue::ArrayInt64(items) => "array-int64", Item::list(items.iter().copied());
                ParameterValue::ArrayDecimal(items) => "array-decimal", Item::list(items.iter().map(Option::as_deref));
                ParameterValue::ArrayStr(items) => "array-str", Item::list(items.iter().map(Option::as_deref));
                ParameterValue::Interval(interval) => "interval",
                    $crate::items![interval.micros, interval.days, interval.months];
            }
            values(content) {
                "date" => DbValue::Date($crate::rdbms::date_of(content)?);
                "time" => DbValue::Time($crate::rdbms::time_of(content)?);
                "datetime" => DbValue::Datetime($crate::rdbms::datetime_of(content)?);
                "timestamp" => DbValue::Timestamp(content.int()?);
                "uuid" => DbValue::Uuid(content.text()?.to_owned());
                "jsonb" => DbValue::Jsonb(content.bytes()?.to_vec());
                "decimal" => DbValue::Decimal(content.text()?.to_owned());
                "range-int32" => DbValue::RangeInt32(range(content, |item| item.int())?);
                "range-int64" => DbValue::RangeInt64(range(content, |item| item.int())?);
                "range-decimal" => DbValue::RangeDecimal(range(content, text)?);
                "array-int32" => DbValue::ArrayInt32(content.each(|item| item.optional(|item| item.int()))?);
                "array-int64" => DbValue::ArrayInt64(content.each(|item| item.optional(|item| item.int()))?);
                "array-decimal" => DbValue::ArrayDecimal(content.each(|item| item.optional(text))?);
                "array-str" => DbValue::ArrayStr(content.each(|item| item.optional(text))?);
                "interval" => DbValue::Interval(interval(content)?);
                _ => DbValue::Unsupported(content.bytes()?.to_vec())
            }
            types(name) {
                "date" => Date;
                "time" => Time;
                "datetime" => Datetime;
                "timestamp" => Timestamp;
                "uuid" => Uuid;
                "jsonb" => Jsonb;
                "decimal" => Decimal;
                "range-int32" => RangeInt32;
                "range-int64" => RangeInt64;
                "range-decimal" => RangeDecimal;
                "array-int32" => ArrayInt32;
                "array-int64" => ArrayInt64;
                "array-decimal" => ArrayDecimal;
                "array-str" => ArrayStr;
                "interval" => Interval;
                _ => DbDataType::Other(name.text()?.to_owned())
            }
        }

        fn text(item: &Item<'_>) -> Option<String> {
            item.text().map(str::to_owned)
        }

        fn interval(item: &Item<'_>) -> Option<Interval> {
            let [micros, days, months] = item.array()?;
            Some(Interval { micros: micros.int()?, days: days.int()?, months: months.int()? })
        }

        fn bound<'a, T>(bound: &'a Option<(T, RangeBoundKind)>, item: fn(&'a T) -> Item<'a>) -> Item<'a> {
            let Some((value, kind)) = bound else { return Item::Nothing };
            let kind = match kind {
                RangeBoundKind::Inclusive => "inclusive",
                RangeBoundKind::Exclusive => "exclusive",
            };
            $crate::items![item(value), kind]
        }

        fn bound_of<T>(item: &Item<'_>, value: fn(&Item<'_>) -> Option<T>) -> Option<(T, RangeBoundKind)> {
            let [content, kind] = item.array()?;
            let kind = match kind.text()? {
                "inclusive" => RangeBoundKind::Inclusive,
                _ => RangeBoundKind::Exclusive,
            };
            Some((value(content)?, kind))
        }

        #[allow(clippy::type_complexity)]
        fn range<T>(
            item: &Item<'_>,
            value: fn(&Item<'_>) -> Option<T>,
        ) -> Option<(Option<(T, RangeBoundKind)>, Option<(T, RangeBoundKind)>)> {
            let [lower, upper] = item.array()?;
            Some((lower.optional(|item| bound_of(item, value))?, upper.optional(|item| bound_of(item, value))?))
        }

        fn error(failure: Failure) -> Error {
            match failure.name.as_str() {
                "access-denied" | "connection-failed" => Error::ConnectionFailed(failure.message),
                "bad-parameter" => Error::BadParameter(failure.message),
                "query-failed" => Error::QueryFailed(QueryError::Text(failure.message)),
                "value-conversion-failed" => Error::ValueConversionFailed(failure.message),
                "db-error" => match db_error(&failure.message) {
                    Some(told) => Error::QueryFailed(QueryError::DbError(told)),
                    None => Error::QueryFailed(QueryError::Text(failure.message)),
                },
                _ => Error::Other(failure.message),
            }
        }

        fn db_error(message: &str) -> Option<DbError> {
            let item = $crate::pack::unpack(message.as_bytes())?;
            let [as_text, severity, code, message, detail, extras] = item.array()?;
            Some(DbError {
                as_text: text(as_text)?,
                severity: text(severity)?,
                code: text(code)?,
                message: text(message)?,
                detail: detail.optional(text)?,
                extras: extras.each(|extra| {
                    let [name, value] = extra.array()?;
                    Some((text(name)?, text(value)?))
                })?,
            })
        }
    };
}

use crate::pack::{unpack, Item};

type Date = (i32, u8, u8);
type Time = (u8, u8, u8, u32);
type DateTime = (i32, u8, u8, u8, u8, u8, u32);

/// Year, month, day.
pub fn date((year, month, day): &Date) -> Item<'static> {
    crate::items![*year, u32::from(*month), u32::from(*day)]
}

/// Hour, minute, second, nanosecond.
pub fn time((hour, minute, second, nanosecond): &Time) -> Item<'static> {
    crate::items![u32::from(*hour), u32::from(*minute), u32::from(*second), *nanosecond]
}

/// Both together.
pub fn datetime((year, month, day, hour, minute, second, nanosecond): &DateTime) -> Item<'static> {
    let (month, day, hour) = (u32::from(*month), u32::from(*day), u32::from(*hour));
    crate::items![*year, month, day, hour, u32::from(*minute), u32::from(*second), *nanosecond]
}

pub fn date_of(item: &Item<'_>) -> Option<Date> {
    let [year, month, day] = item.array()?;
    Some((year.int()?, month.int()?, day.int()?))
}

pub fn time_of(item: &Item<'_>) -> Option<Time> {
    let [hour, minute, second, nanosecond] = item.array()?;
    Some((hour.int()?, minute.int()?, second.int()?, nanosecond.int()?))
}

pub fn datetime_of(item: &Item<'_>) -> Option<DateTime> {
    let [year, month, day, hour, minute, second, nanosecond] = item.array()?;
    let (hour, minute, second) = (hour.int()?, minute.int()?, second.int()?);
    Some((year.int()?, month.int()?, day.int()?, hour, minute, second, nanosecond.int()?))
}

/// What a database says of an error, as one text, for the versions that have no more room.
pub fn as_text(message: &str) -> Option<String> {
    let item = unpack(message.as_bytes())?;
    Some(item.items()?.first()?.text()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items;

    #[test]
    fn dates_and_times_come_back() {
        let moment = (-44, 3, 15, 12, 0, 59, 999_999_999);
        assert_eq!(datetime_of(&datetime(&moment)), Some(moment));
        assert_eq!(date_of(&date(&(2026, 2, 28))), Some((2026, 2, 28)));
        assert_eq!(time_of(&time(&(23, 59, 59, 1))), Some((23, 59, 59, 1)));
        assert_eq!(date_of(&items![2026, 300, 1]), None);
        assert_eq!(date_of(&items![2026, 3]), None);
    }

    #[test]
    fn an_error_has_its_text_first() {
        let packed = String::from_utf8(crate::pack::pack(&items!["ERROR ü", "ERROR", "42P01"])).unwrap();
        assert_eq!(as_text(&packed).as_deref(), Some("ERROR ü"));
        assert_eq!(as_text("plain"), None);
    }
}
