// Package lang holds text that people read, in the languages of the product.
//
// Every text on a screen exists in Chinese and in English: Text is a pair, and a pack with one half missing is refused.
package lang

// Tag is a language of the product, as in the HTML lang attribute.
type Tag string

const (
	Chinese Tag = "zh-CN"
	English Tag = "en"
)

// Text is one text in both languages.
type Text struct {
	ZH string `json:"zh" yaml:"zh"`
	EN string `json:"en" yaml:"en"`
}

// In is the text in a language; Chinese for a language the product does not have.
func (t Text) In(tag Tag) string {
	if tag == English {
		return t.EN
	}
	return t.ZH
}

// Complete says whether both languages are there.
func (t Text) Complete() bool { return t.ZH != "" && t.EN != "" }
