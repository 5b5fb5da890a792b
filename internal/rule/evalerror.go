package rule

// EvalError is why a rule could not be answered although no value was missing. Returning one allocates nothing.
type EvalError uint8

const (
	IntOverflow       EvalError = iota + 2 // int or duration arithmetic, or a conversion to int
	DivideByZero                           // of ints
	ModulusByZero                          // of ints
	TimestampOverflow                      // outside the years 1 to 9999
	NotConverted                           // a string that is no number, bool, timestamp or duration
	WrongType                              // the row holds a value of another type than the variable's
	NotCondition                           // Eval of a program that is no condition
	NotEvaluated                           // cel-go's evaluation failed in another way, or became too costly
)

// Error is the reason in words that are safe to show.
func (e EvalError) Error() string {
	switch e {
	case IntOverflow:
		return "the number is outside the range of int"
	case DivideByZero:
		return "division by zero"
	case ModulusByZero:
		return "remainder of a division by zero"
	case TimestampOverflow:
		return "the time is outside the years 1 to 9999"
	case NotConverted:
		return "the text could not be converted"
	case WrongType:
		return "a variable has a value of another type than declared"
	case NotCondition:
		return "the rule is no condition"
	}
	return "the rule could not be evaluated"
}
