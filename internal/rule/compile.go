package rule

func (p *Program) compile() bool { return false }
