package world

import "strings"

// A culture is what names a country's people and places are made of.
type culture struct {
	country, demonym string
	regions          []string // three, as they stand in a sentence
	townStems        []string
	townEnds         []string
	rivers, peaks    []string
	men, women       []string
	surStems         []string
	surEnds          []string
}

// words splits a space-separated list.
func words(s string) []string { return strings.Fields(s) }

// phrases splits a list whose items are separated by semicolons.
func phrases(s string) []string {
	out := strings.Split(s, ";")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// cultures returns the five countries of a split. The two splits share no
// name: no country, town, river, given name or surname of one is in the other.
func cultures(split string) []culture {
	if split == "dev" {
		return devCultures()
	}
	return trainCultures()
}

func trainCultures() []culture {
	return []culture{
		{
			country: "Veldria", demonym: "Veldrian",
			regions:   phrases("Ostermark; the Lower Hask; Wendelgau"),
			townStems: words("Harn Brack Eldin Greven Stall Morden Witten Lauch Ober Kessel"),
			townEnds:  words("stadt feld bruck hafen rode stetten"),
			rivers:    words("Hask Welse Undel"), peaks: phrases("Grauhorn; Kaltspitz; Mount Ebern"),
			men:      words("Aldo Bertin Corwald Dietmund Egon Falk Gerrit Hanno Joost Klemens Ludger Ottmar"),
			women:    words("Ilse Marthe Alwine Brunhild Elke Frauke Gesine Heilwig Imke Liesel Renske Wiebke"),
			surStems: words("Tav Lend Hark Brust Esch Rolv Gant Strel Vogt Murn Kolb Desh"),
			surEnds:  words("er mann ok enbach ling ert"),
		},
		{
			country: "Tamsarra", demonym: "Tamsarran",
			regions:   phrases("Bahar; the Copper Coast; Jebal Province"),
			townStems: words("Azem Tizr Sal Medd Karif Oued Zahr Rabbat Neft Tamr"),
			townEnds:  words("ara issa oumar idoun ane alit"),
			rivers:    words("Sebdou Lamra Ziret"), peaks: phrases("Jebel Tarik; Mount Azrou; Ras Melloul"),
			men:      words("Amrad Bashir Chafik Driss Farouz Ghalem Idrar Jalil Karam Mounir Salah Tarek"),
			women:    words("Aziza Basma Chedia Dounia Farah Hayet Ikram Jamila Lalla Nadira Safia Zineb"),
			surStems: words("Ben-Az Kaddur Mess Tal Boura Hamr Zeri Lakh Ouar Sned Taz Rahm"),
			surEnds:  words("i aoui oun ani ed iri"),
		},
		{
			country: "Korvany", demonym: "Korvanian",
			regions:   phrases("Upper Drava Land; Zelenka; the Morya Uplands"),
			townStems: words("Bel Drov Kras Lub Nov Pod Rzev Sten Tarn Vysh"),
			townEnds:  words("ogrod ovice isko anka olin ichev"),
			rivers:    words("Morya Sutla Velika"), peaks: phrases("Crna Glava; Mount Bistra; Orlov Peak"),
			men:      words("Anton Bojan Dragomil Evzen Goran Iztok Jaromir Kresimir Lubor Milosh Radek Vojmir"),
			women:    words("Alenka Bozena Danica Elishka Jadwiga Katya Lidmila Mirna Nevena Radmila Slavka Zorka"),
			surStems: words("Brad Chern Dol Hrast Kov Lesk Mal Nemch Petr Rad Sokol Tich"),
			surEnds:  words("ovic enko inski ar anek ula"),
		},
		{
			country: "Ishmere", demonym: "Ishmerian",
			regions:   phrases("the Fallow Shires; West Carrow; Hollinshire"),
			townStems: words("Ash Carrow Dun Fen Hollin Lang Mere Pell Thorn Wick"),
			townEnds:  words("combe wick bourne leigh stow ferry"),
			rivers:    words("Carrow Tolley Ember"), peaks: phrases("Gannet Fell; Mount Osric; Harrow Tor"),
			men:      words("Alaric Barnaby Cedric Edmund Fergus Godwin Hugo Lionel Osbert Percival Rupert Tobias"),
			women:    words("Adela Beatrix Cordelia Edith Flora Harriet Isolde Mabel Odette Philippa Rosamund Winifred"),
			surStems: words("Ald Black Cray Dun Farn Hather Kel Lock Marl Pem Strath Whit"),
			surEnds:  words("combe worth ridge ley stone more"),
		},
		{
			country: "Olvadas", demonym: "Olvadan",
			regions:   phrases("Serrana; the Rioseco Valley; Alta Costa"),
			townStems: words("Almo Berga Corra Fuen Jara Loma Mira Pola Torre Villa"),
			townEnds:  words("vera lques mayor nova seca dales"),
			rivers:    words("Rioseco Almar Turbio"), peaks: phrases("Pico Albar; Cerro Vento; Mount Seral"),
			men:      words("Abel Baltar Cristobal Efren Fabian Gonzal Ignacio Leandro Macario Nicanor Rodrigo Ubaldo"),
			women:    words("Amparo Belisa Catalina Eulalia Graciela Inez Jacinta Leonor Marisol Ramona Soledad Teodora"),
			surStems: words("Alc Bar Cald Esp Ferr Lan Mont Ord Quev Sal Tol Vel"),
			surEnds:  words("edo aza illo eiro antes uria"),
		},
	}
}

func devCultures() []culture {
	return []culture{
		{
			country: "Skarnland", demonym: "Skarnish",
			regions:   phrases("Nordfylke; the Ice Fjords; Sydskarn"),
			townStems: words("Bjorn Einar Fjell Grim Hvit Isa Kald Raven Svart Tind"),
			townEnds:  words("vik havn sund dal nes fors"),
			rivers:    words("Glomra Skjolda Ranelv"), peaks: phrases("Hvitkollen; Mount Skadi; Tindfjell"),
			men:      words("Arvid Birger Dagfinn Eskil Frode Gunnar Halvard Ivar Kjell Leif Sigurd Torvald"),
			women:    words("Astrid Bergljot Dagny Eldbjorg Gudrun Hjordis Ingunn Ragna Signe Solveig Turid Ylva"),
			surStems: words("Aas Brek Dahl Eng Folk Hag Krog Lund Myr Rost Stein Tveit"),
			surEnds:  words("sen stad vold gren rud bakk"),
		},
		{
			country: "Pellunia", demonym: "Pellunian",
			regions:   phrases("Valdora; the Orchard Coast; Montesca"),
			townStems: words("Cast Fior Gualt Lucer Mont Panz Rocc Sant Trev Vign"),
			townEnds:  words("ello aro igliano essa afiore ona"),
			rivers:    words("Serchia Bramba Tevrone"), peaks: phrases("Monte Falvo; Cima Rossara; Monte Orsino"),
			men:      words("Adelmo Brando Cosimo Duilio Ettore Furio Gaspare Lando Nevio Orfeo Silvano Tullio"),
			women:    words("Agnese Bianca Clelia Domitilla Elettra Fulvia Ginevra Livia Nerina Ottavia Serafina Viola"),
			surStems: words("Belt Card Dori Fald Galv Mard Nard Porr Rozz Sever Tarl Zann"),
			surEnds:  words("ini ucci etti asco ello andi"),
		},
		{
			country: "Qarezh", demonym: "Qarezhi",
			regions:   phrases("Shahvar; the Salt Plateau; Daryan"),
			townStems: words("Abad Bandar Chah Gul Khor Mahn Nish Par Shir Yaz"),
			townEnds:  words("abun estan zar vand ghan uk"),
			rivers:    words("Zarrin Helmak Karunda"), peaks: phrases("Kuh-e Sabz; Mount Damav; Siyah Kuh"),
			men:      words("Ardavan Behrouz Dariush Esfand Farhad Goshtasp Hormoz Jamshid Kaveh Mehrab Rostam Sohrab"),
			women:    words("Anahit Banu Delara Fereshteh Golnar Homa Laleh Mahvash Nasrin Parvin Roxan Shirin"),
			surStems: words("Azar Bakht Daneh Farr Ghol Jav Kash Manou Nour Pakr Tabr Zand"),
			surEnds:  words("ian zadeh pour vari eshi kar"),
		},
		{
			country: "Zelmany", demonym: "Zelmanian",
			regions:   phrases("the Great Puszt; Erdohat; Balvany County"),
			townStems: words("Arad Bod Csor Fel Gyar Kis Nagy Szel Tisz Var"),
			townEnds:  words("omfalva hely kerek halom vasar mezo"),
			rivers:    words("Tarnava Ipolda Zagyra"), peaks: phrases("Kekesztet; Mount Bukk; Nagyorom"),
			men:      words("Akos Balint Csaba Dezso Elemer Ferko Geza Istvar Kalman Lorant Miksa Zoltar"),
			women:    words("Aranka Boglar Csilla Emoke Etelka Gizella Ilka Judit Kinga Piroska Reka Zsofia"),
			surStems: words("Bark Csont Dobr Far Gomb Halm Kerek Lend Mez Orb Szab Toth"),
			surEnds:  words("any osi ady as falvi ecz"),
		},
		{
			country: "Arrovia", demonym: "Arrovian",
			regions:   phrases("Haute-Lienne; the Marches of Brec; Cournaille"),
			townStems: words("Aub Beau Chant Gren Lanv Mar Plou Roche Saint-Or Vern"),
			townEnds:  words("ignac elle eval oux mont igny"),
			rivers:    words("Lienne Vouge Brec"), peaks: phrases("Pic de Morlane; Mont Sauvin; Aiguille Grise"),
			men:      words("Anselme Bastien Corentin Eloi Firmin Gaston Honore Lucien Maxence Odilon Thibault Yvon"),
			women:    words("Apolline Blanche Celestine Eglantine Fantine Honorine Josephe Lucette Noemie Perrine Sidonie Violaine"),
			surStems: words("Bert Carr Delm Foug Gar Kerl Lav Mar Perr Roch Tann Vaill"),
			surEnds:  words("eau ois ander ec ault ieux"),
		},
	}
}
