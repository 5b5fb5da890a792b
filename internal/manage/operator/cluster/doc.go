// Package cluster finds reports that are near each other in place and time.
//
// Each report c is the centre of a cluster: the reports within Metres of it whose times lie in (c − Over, c], itself among them. An arriving report changes
// the clusters that it is in: its own, and those of centres near it that are newer by less than Over. What is judged is the largest of
// these; of equals, that of the newest centre, which is the one with the greatest time, then place in the log.
//
//	Metres = 300, Over = 30 min; places in metres along a street
//
//	      0    100  200  300  400  500   cluster of the newest
//	12:00 a                           a
//	12:10        b                    a b
//	12:20                      c      b c       (a is 420 m away)
//	12:25           d                 a b c d
//	12:35             e               b c d e   (a is 35 min older)
//
// Distances are straight lines between places on the WGS 84 ellipsoid; the ground between them is longer by less than a millimetre up to 10 km, by 1 m at 100 km.
//
// # What it measures
//
//   - count: the reports of the cluster that is judged,
//   - sources: how many different subjects they have; a report without a subject counts by its source.
//
// The judgement's moment is the centre's time, which is the newest of the cluster.
//
// # Subjects
//
// A cluster is nothing that stands still: it grows at one end and is forgotten at the other. What keeps it one matter is a label on its reports. When the rule holds
// for a found cluster, all its reports get its subject as their label (Label). A found cluster's subject is the oldest label among its reports, by when
// it was first given; one that has no label is named after its centre, "121.512,31.221", with as many decimals as Metres asks for: 3 from
// 100 m, 4 from 10 m, else 5. So who comes near joins, two labelled clusters that grow together go on under the older name, and a label
// dies with the last report that carries it. A name may be given again later at the same place.
//
//	12:00 ● ●          no label, the rule does not hold
//	12:05 ●A●A ●A      three: the rule holds, all are labelled A after the newest
//	12:15 ●A●A ●A ●A   one more comes near: found as A
//	12:40      ●A ●A ● the first two are older than Over; still A
//
// # Late data
//
// A late report is the centre of its own cluster, and it is in the clusters of centres near it that are newer by less than Over; these
// are larger now, and the largest is judged, at its centre's time. With reports in another order other clusters are judged on the way, but what a cluster
// holds depends on the reports alone.
//
//	arrives a 12:00, b 12:10, d 12:25, then c 12:20: the clusters of c (b, c) and of d (a, b, c, d) have changed; judged is d's, at 12:25
//
// # Size
//
// A report is kept until log time is Over + lateness after it: until then one that is not late may come and be in a cluster with it. A Field holds at most
// MaxReports reports and MaxPayload bytes of what came with them. Beyond that the oldest reports are dropped and counted (Dropped); a report
// that is the oldest itself is dropped as it comes, and not judged. Apart from its payload and its source's name a report takes about 200 bytes. An arrival costs as much
// as there are reports in the 27 cubes of Metres around it.
package cluster
