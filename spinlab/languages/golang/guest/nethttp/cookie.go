package http

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrNoCookie says that a request has no cookie of a name.
var ErrNoCookie = errors.New("http: named cookie not present")

// SameSite says with which requests a browser sends a cookie.
type SameSite int

// The values of SameSite.
const (
	SameSiteDefaultMode SameSite = iota + 1
	SameSiteLaxMode
	SameSiteStrictMode
	SameSiteNoneMode
)

// Cookie is one cookie.
type Cookie struct {
	Name        string
	Value       string
	Quoted      bool
	Path        string
	Domain      string
	Expires     time.Time
	RawExpires  string
	MaxAge      int
	Secure      bool
	HttpOnly    bool
	SameSite    SameSite
	Partitioned bool
	Raw         string
	Unparsed    []string
}

// SetCookie adds a Set-Cookie header; nothing when the cookie can't be written.
func SetCookie(w ResponseWriter, cookie *Cookie) {
	if text := cookie.String(); text != "" {
		w.Header().Add("Set-Cookie", text)
	}
}

// String is the cookie as it stands in a header.
func (c *Cookie) String() string {
	if c == nil || c.Name == "" {
		return ""
	}
	for i := range len(c.Name) {
		if !isToken(c.Name[i]) {
			return ""
		}
	}
	var text strings.Builder
	text.WriteString(c.Name + "=" + cookieValue(c.Value, c.Quoted))
	part := func(present bool, name, value string) {
		if present {
			text.WriteString("; " + name + value)
		}
	}
	part(c.Path != "", "Path=", cookieWord(c.Path))
	part(c.Domain != "", "Domain=", strings.TrimPrefix(cookieWord(c.Domain), "."))
	part(c.Expires.Year() >= 1601, "Expires=", c.Expires.UTC().Format(TimeFormat))
	part(c.MaxAge > 0, "Max-Age=", strconv.Itoa(c.MaxAge))
	part(c.MaxAge < 0, "Max-Age=", "0")
	part(c.HttpOnly, "HttpOnly", "")
	part(c.Secure, "Secure", "")
	part(c.SameSite == SameSiteLaxMode, "SameSite=", "Lax")
	part(c.SameSite == SameSiteStrictMode, "SameSite=", "Strict")
	part(c.SameSite == SameSiteNoneMode, "SameSite=", "None")
	part(c.Partitioned, "Partitioned", "")
	return text.String()
}

func cookieWord(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == ';' {
			return -1
		}
		return r
	}, text)
}

func cookieValue(value string, quoted bool) string {
	value = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == ';' || r == '\\' {
			return -1
		}
		return r
	}, value)
	if quoted || strings.ContainsAny(value, " ,") {
		return `"` + value + `"`
	}
	return value
}

func cookiesOf(header Header, wanted string) []*Cookie {
	var found []*Cookie
	for _, line := range header["Cookie"] {
		for part := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			name = strings.TrimSpace(name)
			if name == "" || wanted != "" && name != wanted {
				continue
			}
			quoted := len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"'
			if quoted {
				value = value[1 : len(value)-1]
			}
			found = append(found, &Cookie{Name: name, Value: value, Quoted: quoted})
		}
	}
	return found
}
