//! Genre numbers of ID3v1 and Winamp, and the texts that ID3v2 makes of them.

/// The names by number.
#[rustfmt::skip]
static NAMES: &[&str] = &[
    "Blues",
    "Classic Rock",
    "Country",
    "Dance",
    "Disco",
    "Funk",
    "Grunge",
    "Hip-Hop",
    "Jazz",
    "Metal",
    "New Age",
    "Oldies",
    "Other",
    "Pop",
    "R&B",
    "Rap",
    "Reggae",
    "Rock",
    "Techno",
    "Industrial",
    "Alternative",
    "Ska",
    "Death Metal",
    "Pranks",
    "Soundtrack",
    "Euro-Techno",
    "Ambient",
    "Trip-Hop",
    "Vocal",
    "Jazz+Funk",
    "Fusion",
    "Trance",
    "Classical",
    "Instrumental",
    "Acid",
    "House",
    "Game",
    "Sound Clip",
    "Gospel",
    "Noise",
    "Alt. Rock",
    "Bass",
    "Soul",
    "Punk",
    "Space",
    "Meditative",
    "Instrumental Pop",
    "Instrumental Rock",
    "Ethnic",
    "Gothic",
    "Darkwave",
    "Techno-Industrial",
    "Electronic",
    "Pop-Folk",
    "Eurodance",
    "Dream",
    "Southern Rock",
    "Comedy",
    "Cult",
    "Gangsta Rap",
    "Top 40",
    "Christian Rap",
    "Pop/Funk",
    "Jungle",
    "Native American",
    "Cabaret",
    "New Wave",
    "Psychedelic",
    "Rave",
    "Showtunes",
    "Trailer",
    "Lo-Fi",
    "Tribal",
    "Acid Punk",
    "Acid Jazz",
    "Polka",
    "Retro",
    "Musical",
    "Rock & Roll",
    "Hard Rock",
    "Folk",
    "Folk-Rock",
    "National Folk",
    "Swing",
    "Fast-Fusion",
    "Bebop",
    "Latin",
    "Revival",
    "Celtic",
    "Bluegrass",
    "Avantgarde",
    "Gothic Rock",
    "Progressive Rock",
    "Psychedelic Rock",
    "Symphonic Rock",
    "Slow Rock",
    "Big Band",
    "Chorus",
    "Easy Listening",
    "Acoustic",
    "Humour",
    "Speech",
    "Chanson",
    "Opera",
    "Chamber Music",
    "Sonata",
    "Symphony",
    "Booty Bass",
    "Primus",
    "Porn Groove",
    "Satire",
    "Slow Jam",
    "Club",
    "Tango",
    "Samba",
    "Folklore",
    "Ballad",
    "Power Ballad",
    "Rhythmic Soul",
    "Freestyle",
    "Duet",
    "Punk Rock",
    "Drum Solo",
    "A Cappella",
    "Euro-House",
    "Dance Hall",
    "Goa",
    "Drum & Bass",
    "Club-House",
    "Hardcore",
    "Terror",
    "Indie",
    "BritPop",
    "Afro-Punk",
    "Polsk Punk",
    "Beat",
    "Christian Gangsta Rap",
    "Heavy Metal",
    "Black Metal",
    "Crossover",
    "Contemporary Christian",
    "Christian Rock",
    "Merengue",
    "Salsa",
    "Thrash Metal",
    "Anime",
    "JPop",
    "Synthpop",
    "Abstract",
    "Art Rock",
    "Baroque",
    "Bhangra",
    "Big Beat",
    "Breakbeat",
    "Chillout",
    "Downtempo",
    "Dub",
    "EBM",
    "Eclectic",
    "Electro",
    "Electroclash",
    "Emo",
    "Experimental",
    "Garage",
    "Global",
    "IDM",
    "Illbient",
    "Industro-Goth",
    "Jam Band",
    "Krautrock",
    "Leftfield",
    "Lounge",
    "Math Rock",
    "New Romantic",
    "Nu-Breakz",
    "Post-Punk",
    "Post-Rock",
    "Psytrance",
    "Shoegaze",
    "Space Rock",
    "Trop Rock",
    "World Music",
    "Neoclassical",
    "Audiobook",
    "Audio Theatre",
    "Neue Deutsche Welle",
    "Podcast",
    "Indie Rock",
    "G-Funk",
    "Dubstep",
    "Garage Rock",
    "Psybient",
];

/// The name of a genre number.
pub(super) fn name(number: u64) -> Option<&'static str> {
    match number {
        255 => Some("None"),
        _ => NAMES.get(usize::try_from(number).ok()?).copied(),
    }
}

/// A content type of ID3v2 with its numbers, `(17)` or `17/18`, in words.
pub(super) fn print(value: &str) -> String {
    let bracketed = in_brackets(value);
    let words: Vec<String> = bracketed.split('/').map(bare).collect();
    unwrapped(&words.join("/"))
}

/// `(17)` as `(Rock)`.
fn in_brackets(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 16);
    let mut rest = value;
    while let Some(open) = rest.find('(') {
        out.push_str(&rest[..=open]);
        rest = &rest[open + 1..];
        let inside = rest.find(')').map(|close| &rest[..close]);
        if let Some(number) = inside.filter(|text| is_number(text)) {
            out.push_str(&word(number));
            rest = &rest[number.len()..];
        }
    }
    out.push_str(rest);
    out
}

fn bare(text: &str) -> String {
    if is_number(text) { word(text) } else { text.to_owned() }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn word(number: &str) -> String {
    // Only numbers as they are usually written: `07` is unknown.
    let known = number.parse().ok().filter(|n: &u64| n.to_string() == number).and_then(name);
    known.map_or_else(|| format!("Unknown ({number})"), str::to_owned)
}

/// `(Rock)` and `(Rock)Rock` as `Rock`.
fn unwrapped(value: &str) -> String {
    if let Some((inside, rest)) = value.strip_prefix('(').and_then(|value| value.split_once(')'))
        && !inside.is_empty()
        && (rest.is_empty() || rest == inside)
    {
        return inside.to_owned();
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genres_print_in_words() {
        for (value, printed) in [
            ("(17)", "Rock"),
            ("(17)Rock", "Rock"),
            ("(17)Hard", "(Rock)Hard"),
            ("17", "Rock"),
            ("17/18", "Rock/Techno"),
            ("(17)(18)", "(Rock)(Techno)"),
            ("(999)", "(Unknown (999))"),
            ("Rock", "Rock"),
            ("", ""),
        ] {
            assert_eq!(print(value), printed);
        }
    }
}
