package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// What the partners are called in the program's settings.
const (
	HotlinePeer = "hotline-12345"
	PowerPeer   = "power-company"
)

// HotlineClasses are the hotline's own classes, and ours.
var HotlineClasses = map[string]string{"道路积水": "ponding", "井盖破损": "manhole-cover", "路灯不亮": "street-lamp", "社会噪声": "street-noise", "工地噪声": "construction-noise", "配电设施": "power-box", "停电": "power-outage"}

// calls is what people tell the hotline.
var calls = []struct{ class, text string }{
	{"路灯不亮", "小区门口人行道路灯三盏不亮，晚上看不清路。"},
	{"井盖破损", "非机动车道井盖破损，骑车经过有响声。"},
	{"道路积水", "雨后路口积水没过脚踝，行人绕行。"},
	{"社会噪声", "广场音响声音过大，晚十点后仍未停止。"},
	{"工地噪声", "夜间工地打桩，影响休息。"},
	{"配电设施", "路边配电箱门敞开，小孩容易碰到。"},
	{"停电", "整栋楼突然停电，物业称不是内部故障。"},
	{"其他", "公交站台座椅松动，希望修理。"},
}

var roads = []string{"世纪大道", "杨高中路", "张杨路", "浦东南路", "东方路", "锦绣路", "芳甸路", "龙阳路"}

// Hotline is what the simulated 12345 has to say: an order now and then, a supplement or an urging to some. areas are codes of the city.
func Hotline(seed uint64, every time.Duration, areas []string) func(now time.Time) []Saying {
	rng := rand.New(rand.NewPCG(seed, 12345))
	var next time.Time
	return func(now time.Time) []Saying {
		if next.IsZero() {
			next = now.Add(every / 4)
		}
		if now.Before(next) || len(areas) == 0 {
			return nil
		}
		next = now.Add(every/2 + time.Duration(rng.Int64N(int64(every))))
		number := fmt.Sprintf("SH%s%03d", now.Format("0102150405"), rng.IntN(1000))
		call, road := calls[rng.IntN(len(calls))], roads[rng.IntN(len(roads))]
		all := []Saying{{"created", map[string]any{"order": number, "class": call.class, "area": areas[rng.IntN(len(areas))], "address": fmt.Sprintf("%s%d号", road, 1+rng.IntN(300)), "text": call.text,
			"name": "市民", "phone": fmt.Sprintf("139%08d", rng.IntN(100_000_000))}, now}}
		switch rng.IntN(4) {
		case 0:
			all = append(all, Saying{"supplemented", map[string]any{"order": number, "text": "来电人补充：情况比昨天更严重。"}, now.Add(time.Minute)})
		case 1:
			all = append(all, Saying{"urged", map[string]any{"order": number, "reason": "来电人再次来电催办。"}, now.Add(4 * time.Minute)})
		}
		return all
	}
}

// Repairs is how a company answers an order that it gets: received at once, begun and done a little later, and now and then it is not theirs.
func Repairs(seed uint64) func(kind string, told Told, now time.Time) []Saying {
	rng := rand.New(rand.NewPCG(seed, 95598))
	return func(kind string, told Told, now time.Time) []Saying {
		if kind != "created" {
			return nil
		}
		say := func(kind string, seq int, in time.Duration, more map[string]any) Saying {
			data := map[string]any{"order": told.Order, "seq": seq}
			for k, v := range more {
				data[k] = v
			}
			return Saying{kind, data, now.Add(in)}
		}
		all := []Saying{say("received", 1, 3*time.Second, map[string]any{"ref": "GD" + told.Order})}
		if rng.IntN(8) == 0 {
			return append(all, say("returned", 2, 30*time.Second, map[string]any{"reason": "现场核实：该设施不属于供电公司。"}))
		}
		return append(all, say("started", 2, 20*time.Second, nil), say("done", 3, 70*time.Second, map[string]any{"note": "已更换并恢复。"}))
	}
}
