package main

import (
	"bufio"
	"fmt"
)

// place is one area with the position of its seed in the frame.
type place struct {
	code, zh, en, kind string
	x, y               float64
}

// coast is the outline, drawn by hand: the river bank in the west from the mouth southwards, the land border in the south-west, the sea.
var coast = []point{
	{250, 30}, {205, 110}, {215, 190}, {150, 260}, {120, 330}, {30, 370}, {20, 450}, {75, 510}, {60, 590}, {15, 660}, {10, 760}, {60, 830},
	{120, 880}, {230, 880}, {255, 960}, {300, 1050}, {400, 1085}, {480, 1100}, {540, 1180}, {660, 1185}, {780, 1195}, {900, 1190},
	{985, 1130}, {990, 1030}, {935, 940}, {905, 840}, {880, 720}, {850, 600}, {810, 480}, {760, 360}, {690, 260}, {600, 160}, {500, 80}, {370, 20},
}

// places are in the order of their codes.
var places = []place{
	{"310115004000", "潍坊新村街道", "Weifang Xincun Subdistrict", "street", 120, 490},
	{"310115005000", "陆家嘴街道", "Lujiazui Subdistrict", "street", 95, 400},
	{"310115007000", "周家渡街道", "Zhoujiadu Subdistrict", "street", 60, 690},
	{"310115008000", "塘桥街道", "Tangqiao Subdistrict", "street", 140, 570},
	{"310115009000", "上钢新村街道", "Shanggang Xincun Subdistrict", "street", 70, 780},
	{"310115010000", "南码头路街道", "Nanmatou Road Subdistrict", "street", 150, 650},
	{"310115011000", "沪东新村街道", "Hudong Xincun Subdistrict", "street", 215, 270},
	{"310115012000", "金杨新村街道", "Jinyang Xincun Subdistrict", "street", 320, 400},
	{"310115013000", "洋泾街道", "Yangjing Subdistrict", "street", 210, 390},
	{"310115014000", "浦兴路街道", "Puxing Road Subdistrict", "street", 330, 290},
	{"310115015000", "东明路街道", "Dongming Road Subdistrict", "street", 165, 740},
	{"310115016000", "花木街道", "Huamu Subdistrict", "street", 265, 520},
	{"310115103000", "川沙新镇", "Chuansha New Town", "town", 660, 640},
	{"310115104000", "高桥镇", "Gaoqiao Town", "town", 290, 95},
	{"310115105000", "北蔡镇", "Beicai Town", "town", 280, 660},
	{"310115110000", "合庆镇", "Heqing Town", "town", 750, 490},
	{"310115114000", "唐镇", "Tang Town", "town", 600, 490},
	{"310115117000", "曹路镇", "Caolu Town", "town", 610, 320},
	{"310115120000", "金桥镇", "Jinqiao Town", "town", 460, 370},
	{"310115121000", "高行镇", "Gaohang Town", "town", 350, 190},
	{"310115123000", "高东镇", "Gaodong Town", "town", 440, 120},
	{"310115125000", "张江镇", "Zhangjiang Town", "town", 440, 570},
	{"310115130000", "三林镇", "Sanlin Town", "town", 190, 830},
	{"310115131000", "惠南镇", "Huinan Town", "town", 700, 930},
	{"310115132000", "周浦镇", "Zhoupu Town", "town", 460, 800},
	{"310115133000", "新场镇", "Xinchang Town", "town", 520, 980},
	{"310115134000", "大团镇", "Datuan Town", "town", 610, 1090},
	{"310115136000", "康桥镇", "Kangqiao Town", "town", 340, 760},
	{"310115137000", "航头镇", "Hangtou Town", "town", 370, 950},
	{"310115139000", "祝桥镇", "Zhuqiao Town", "town", 790, 740},
	{"310115140000", "泥城镇", "Nicheng Town", "town", 760, 1140},
	{"310115141000", "宣桥镇", "Xuanqiao Town", "town", 590, 860},
	{"310115142000", "书院镇", "Shuyuan Town", "town", 860, 1040},
	{"310115143000", "万祥镇", "Wanxiang Town", "town", 750, 1030},
	{"310115144000", "老港镇", "Laogang Town", "town", 850, 920},
	{"310115145000", "南汇新城镇", "Nanhui New City Town", "town", 900, 1140},
}

type bureau struct{ id, zh, en, kind string }

var bureaus = []bureau{
	{"water-bureau", "区水务局", "District Water Bureau", "water"},
	{"ecology-bureau", "区生态环境局", "District Ecology and Environment Bureau", "ecology"},
	{"traffic-police", "区交通警察支队", "District Traffic Police", "traffic-police"},
	{"public-security", "区公安分局", "District Public Security Bureau", "public-security"},
	{"health-commission", "区卫生健康委员会", "District Health Commission", "health"},
	{"emergency-bureau", "区应急管理局", "District Emergency Management Bureau", "emergency"},
	{"urban-management", "区城市管理行政执法局", "District Urban Management and Enforcement Bureau", "enforcement"},
	{"housing-bureau", "区住房保障和房屋管理局", "District Housing Bureau", "housing"},
	{"civil-affairs-bureau", "区民政局", "District Civil Affairs Bureau", "civil-affairs"},
	{"market-bureau", "区市场监督管理局", "District Market Regulation Bureau", "market"},
	{"fire-brigade", "区消防救援支队", "District Fire and Rescue Brigade", "fire"},
	{"transport-commission", "区建设和交通委员会", "District Construction and Transport Commission", "transport"},
	{"greening-bureau", "区绿化市容管理局", "District Greening and City Appearance Bureau", "sanitation"},
	{"power-company", "市电力公司浦东供电公司", "Pudong Power Supply Company", "power"},
}

func writeUnits(out *bufio.Writer) {
	fmt.Fprintln(out, "# Who handles cases: a sub-centre in each subdistrict and town, and the bureaus of the district.")
	fmt.Fprintln(out, "# Names follow public practice; the units are for the demonstration. Made by tools/citymap; do not edit by hand.")
	fmt.Fprintln(out, "units:")
	for _, p := range places {
		fmt.Fprintf(out, "  - unit: street-%s\n    name: {zh: %s城运分中心, en: %s Operations Sub-centre}\n    kind: street\n    area: %q\n", p.code, p.zh, p.en, p.code)
	}
	for _, b := range bureaus {
		fmt.Fprintf(out, "  - unit: %s\n    name: {zh: %s, en: %s}\n    kind: %s\n", b.id, b.zh, b.en, b.kind)
	}
}
