//! Data arrives as it was sent.
//!
//! Specified: RFC 8259 for what JSON texts mean. Observed: servers that parse and print again
//! change digits and the order of keys, which is a defect where the meaning changes.

use serde_json::Value;

use crate::Expectation::{Expected, Required, Varies, Want};
use crate::lab::Lab;
use crate::scenario::{On, Scenario};
use crate::transport::Transport;
use crate::verdict::{Outcome, PASS, check, failed, varies};

/// Numbers whose text a careful server keeps, since their receiver may be more exact than it is.
const NUMBERS: [(&str, &str); 18] = [
    ("one", "1"),
    ("minus_one", "-1"),
    ("a_decimal", "1.5"),
    ("a_decimal_with_a_closing_zero", "1.10"),
    ("an_exponent", "1e5"),
    ("a_negative_exponent_in_upper_case", "1E-7"),
    ("minus_zero", "-0"),
    ("minus_zero_as_decimal", "-0.0"),
    ("the_largest_exact_integer_of_a_double", "9007199254740991"),
    ("two_to_the_53_and_one", "9007199254740993"),
    ("two_to_the_63_less_one", "9223372036854775807"),
    ("two_to_the_63", "9223372036854775808"),
    ("two_to_the_64", "18446744073709551616"),
    ("23_digits", "12345678901234567890123"),
    ("a_long_decimal", "3.14159265358979323846264338327950288"),
    ("a_tenth", "0.1"),
    ("the_largest_double", "1.7976931348623157e308"),
    ("the_smallest_double", "5e-324"),
];

/// Texts, by what is in them, as JSON.
const TEXTS: [(&str, &str); 21] = [
    ("ascii", r#""plain text""#),
    ("quotes_and_backslash", r#""a\"b\\c""#),
    ("every_short_escape", r#""\b\f\n\r\t\/""#),
    ("a_nul", r#""a\u0000b""#),
    ("control_characters", r#""\u0001\u001f""#),
    ("delete", "\"\u{7f}\""),
    ("latin", "\"\u{e9}\u{df}\u{f1}\""),
    ("greek", "\"\u{3b1}\u{3b2}\u{3b3}\""),
    ("han", "\"\u{6f22}\u{5b57}\""),
    ("right_to_left", "\"\u{5d0}\u{5d1}\""),
    ("combining_characters", "\"e\u{301}\""),
    ("emoji", "\"\u{1f600}\u{1f468}\u{200d}\u{1f469}\""),
    ("emoji_as_escapes", r#""\ud83d\ude00""#),
    ("letters_as_escapes", r#""\u0041\u00e9""#),
    ("line_separators", "\"a\u{2028}b\u{2029}c\""),
    ("line_separators_as_escapes", r#""a\u2028b\u2029c""#),
    ("a_byte_order_mark", "\"\u{feff}a\""),
    ("a_noncharacter", "\"\u{ffff}\""),
    ("markup", r#""<script>alert('&amp;')</script>""#),
    ("a_replacement_character", "\"\u{fffd}\""),
    ("what_looks_like_a_message", r#""[{\"channel\":\"/meta/connect\"}]""#),
];

/// Structures, as JSON.
const STRUCTURES: [(&str, &str); 15] = [
    ("nested_objects", r#"{"a":{"b":{"c":[1,{"d":null}]}}}"#),
    ("mixed_array", r#"[1,"a",null,true,false,{},[]]"#),
    ("an_empty_key", r#"{"":1}"#),
    ("a_key_with_blanks_and_dots", r#"{"a b.c":1}"#),
    ("a_key_outside_ascii", "{\"\u{e9}\u{6f22}\":1}"),
    ("keys_of_the_envelope", r#"{"channel":"/x","clientId":"y","id":"z","ext":{}}"#),
    ("advice_inside_data", r#"{"advice":{"reconnect":"none"},"successful":false,"error":"e"}"#),
    ("a_key_called_proto", r#"{"__proto__":{"a":1},"b":2}"#),
    ("a_key_called_constructor", r#"{"constructor":"x","toString":"y","hasOwnProperty":1}"#),
    ("a_key_called_class", r#"{"class":"java.lang.String","@class":"x","$type":"y"}"#),
    ("integer_like_keys", r#"{"10":1,"2":2}"#),
    ("true_alone", "true"),
    ("a_number_alone", "42"),
    ("a_text_alone", r#""x""#),
    ("nested_arrays", "[[[[[[[[[[1]]]]]]]]]]"),
];

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut list = Vec::new();
    for (name, text) in NUMBERS {
        let title = format!("{name}_keeps_its_value");
        list.push(Scenario::new("fidelity", "H135 H136", Required, title, move |lab| {
            number_keeps_its_value(lab, text)
        }));
    }
    for (name, text) in NUMBERS {
        let precise = text.len() > 5 || text.contains(['e', 'E', '.']) || text == "-0";
        if precise && !matches!(name, "a_decimal" | "a_tenth") {
            let title = format!("{name}_keeps_its_digits");
            list.push(Scenario::new("fidelity", "H135 H136", Want, title, move |lab| {
                keeps_its_text(lab, text)
            }));
        }
    }
    for (name, text) in TEXTS {
        let title = format!("text_with_{name}_arrives");
        list.push(Scenario::new("fidelity", "H138", Required, title, move |lab| {
            keeps_its_meaning(lab, text)
        }));
    }
    for (name, text) in STRUCTURES {
        let title = format!("{name}_arrives");
        list.push(Scenario::new("fidelity", "H113 H130", Required, title, move |lab| {
            keeps_its_meaning(lab, text)
        }));
    }
    list.push(Scenario::new("fidelity", "H137", Want, "keys_keep_their_order", |lab| {
        keeps_its_text(lab, r#"{"z":1,"a":2,"m":3,"b":4}"#)
    }));
    list.push(Scenario::new(
        "fidelity",
        "H137",
        Want,
        "keys_like_numbers_keep_their_order",
        |lab| keeps_its_text(lab, r#"{"b":1,"10":2,"a":3,"2":4}"#),
    ));
    let duplicate = "a_repeated_key";
    list.push(Scenario::new("fidelity", "H130", Varies, duplicate, repeated_key));
    for (name, text) in [
        ("a_lone_high_surrogate", r#""a\ud800b""#),
        ("a_lone_low_surrogate", r#""a\udc00b""#),
        ("reversed_surrogates", r#""\ude00\ud83d""#),
    ] {
        let title = format!("{name}_does_not_become_invalid_utf_8");
        list.push(Scenario::new("fidelity", "H139", Want, title, move |lab| surrogate(lab, text)));
    }
    for levels in [20, 100, 400] {
        let title = format!("{levels}_levels_arrive");
        list.push(Scenario::new("fidelity", "H141", Expected, title, move |lab| async move {
            let data = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
            arrives(&lab, &data).await.and_then(|came| {
                check!(came == data, "it came as {came}");
                PASS
            })
        }));
    }
    let blanks = "blanks_between_tokens_do_no_harm";
    list.push(Scenario::new("fidelity", "H138", Required, blanks, |lab| {
        keeps_its_meaning(lab, "{ \"a\" :\t[ 1 ,\r\n 2 ] }")
    }));
    let large =
        Scenario::new("fidelity", "H140", Required, "an_array_of_5000_arrives", |lab| async move {
            let data = Value::from((0..5000).collect::<Vec<u32>>()).to_string();
            let came = arrives(&lab, &data).await?;
            check!(came == data, "it was changed");
            PASS
        });
    list.push(large.on(On::Only(Transport::LongPolling)));
    list
}

/// The data that a subscriber gets for data given as JSON text.
async fn arrives(lab: &Lab, data: &str) -> Result<String, crate::verdict::Stop> {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    publisher.publish_text(&channel, data).await?;
    let event = subscriber.receive_one().await?;
    event.data().map(str::to_owned).ok_or_else(|| failed("it came without data"))
}

/// The number is the same to a receiver that reads doubles; integers of 64 bits are compared
/// exactly, since many receivers read those.
async fn number_keeps_its_value(lab: Lab, text: &'static str) -> Outcome {
    let came = arrives(&lab, text).await?;
    if let (Ok(sent), Ok(received)) = (text.parse::<i64>(), came.parse::<i64>()) {
        let exact = sent.unsigned_abs() < 1 << 53;
        check!(!exact || sent == received, "{text} came as {came}");
    }
    let (sent, received) = (text.parse::<f64>(), came.parse::<f64>());
    let (Ok(sent), Ok(received)) = (sent, received) else {
        return Err(failed(format!("{text} came as {came}")));
    };
    check!(sent.to_bits() == received.to_bits() || sent == received, "{text} came as {came}");
    PASS
}

async fn keeps_its_text(lab: Lab, text: &'static str) -> Outcome {
    let came = arrives(&lab, text).await?;
    check!(came == text, "{text} came as {came}");
    PASS
}

async fn keeps_its_meaning(lab: Lab, text: &'static str) -> Outcome {
    let came = arrives(&lab, text).await?;
    let sent: Value = serde_json::from_str(text).map_err(|error| failed(error.to_string()))?;
    let received: Option<Value> = serde_json::from_str(&came).ok();
    check!(received.as_ref() == Some(&sent), "{text} came as {came}");
    PASS
}

async fn repeated_key(lab: Lab) -> Outcome {
    let came = arrives(&lab, r#"{"k":1,"k":2}"#).await?;
    match came.replace(' ', "").as_str() {
        r#"{"k":1,"k":2}"# => varies("both are kept"),
        r#"{"k":2}"# => varies("the last one is kept"),
        r#"{"k":1}"# => varies("the first one is kept"),
        other => Err(failed(format!("it came as {other}"))),
    }
}

/// Kept as an escape, replaced or refused; in no case may the subscriber get broken UTF-8.
async fn surrogate(lab: Lab, text: &'static str) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let answer = publisher.offer_text(&channel, text).await?;
    check!(answer.status < 500, "HTTP {}", answer.status);
    let refused = answer.status != 200 || answer.reply(&channel)?.is_refusal();
    let received = subscriber.rest(&publisher).await?;
    check!(refused != (received.len() == 1), "refused {refused}, {} delivered", received.len());
    PASS
}
