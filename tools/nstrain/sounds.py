#!/usr/bin/python3
"""Makes material for train.py: talkers, noises, and mixtures of both as features and targets.

  sounds.py OUT CLIPS SEED [DIR ...]

Writes OUT.x.npy (features before floors) and OUT.y.npy (log2 powers of the bands: the mixture and its voice, over the
whole window and over its newest part), CLIPS of 6 s. Talkers come from espeak-ng and from the 16 kHz WAV files of each
DIR, one talker a folder. Needs python3-numpy python3-scipy espeak-ng."""
import glob, subprocess, sys
import numpy as np
from scipy import signal
from scipy.io import wavfile
import features

RATE, HOPS = 16000, 600
ENGLISH = [
    "The train to the coast was late again because of the snow.", "My neighbour keeps three cats and a very old parrot.",
    "Can we talk about the budget on Thursday afternoon?", "Put the heavy boxes next to the door, please.",
    "He ordered soup, bread and a glass of water.", "I will call you back as soon as the report is ready.",
    "The museum opens at nine and closes at half past five.", "Which of these keys belongs to the cellar?",
    "Her brother works as a nurse in a small hospital.", "Yes, that sounds good to me.",
    "No, I have not heard anything from them yet.", "Seventeen, forty two, eight, ninety, one hundred and six.",
    "They walked along the river until it was dark.", "The new printer makes a strange noise in the morning.",
    "Thanks for waiting, I am putting you through now.", "Could you spell your surname for me?",
    "Fresh paint smells for weeks if you keep the windows shut.", "What a pity that the garden party was cancelled.",
    "We usually ship within three working days.", "Judge the weather by the colour of the evening sky."]
TEXTS = {
    'en-us': ENGLISH, 'en-gb': ENGLISH, 'en-gb-scotland': ENGLISH,
    'de': ["Guten Tag, hier spricht die Zentrale.", "Können Sie mich mit der Buchhaltung verbinden?",
           "Wir haben gestern lange auf den Bus gewartet.", "Das Wetter soll am Wochenende besser werden."],
    'fr': ["Bonjour, je voudrais parler au directeur.", "Il fait très froid dans cette maison.",
           "Nous partirons en vacances au mois de juillet.", "Quelle heure est-il, s'il vous plaît?"],
    'es': ["Buenos días, quisiera hablar con la jefa.", "El gato duerme encima de la silla.",
           "Mañana llegarán los muebles de la cocina.", "¿Cuánto cuesta un kilo de manzanas?"],
    'it': ["Buongiorno, vorrei parlare con il medico.", "La bicicletta è davanti alla scuola.",
           "Ci vediamo stasera alle otto.", "Quanto costa il biglietto per Roma?"],
    'pl': ["Dzień dobry, proszę połączyć mnie z biurem.", "Jutro pojedziemy nad morze."],
    'nl': ["Goedemorgen, mag ik de directeur spreken?", "De trein naar het noorden rijdt vandaag niet."],
    'pt': ["Bom dia, queria falar com o gerente.", "A janela da cozinha está aberta."],
    'sv': ["God morgon, kan jag få tala med chefen?", "Tåget är försenat med tio minuter."],
    'ru': ["Здравствуйте, соедините меня с директором.", "Завтра будет хорошая погода."],
    'tr': ["Günaydın, müdürle görüşmek istiyorum."], 'fi': ["Hyvää huomenta, saisinko puhua johtajan kanssa?"],
    'cs': ["Dobrý den, chtěl bych mluvit s ředitelem."]}
VARIANTS = """m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 klatt klatt2 klatt4 Alex Andrea Annie adam Andy Denis Diogo Gene Jacky John
    Lee Mario Michael Mike Nguyen Reed Steph belinda caleb david ed grandma grandpa iven jack linda marcelo max michel miguel
    norbert pablo paul quincy rob robert sandro shelby travis victor zac""".split()
# Talkers by which the suppressor is judged stay unheard.
KEPT = 'en-us+m3 en-gb+f2 de+m1 fr+f3 es+m5 it+f4 en-us+f1 de+f5 fr+m2 es+f2'.split()


# ---------------------------------------------------------------- talkers
def speak(voice, speed, pitch, text):
    out = subprocess.run(['espeak-ng', '-v', voice, '-s', str(speed), '-p', str(pitch), '--stdout', text], capture_output=True).stdout
    rate, x = int.from_bytes(out[24:28], 'little'), np.frombuffer(out[44:len(out)//2*2], np.int16)/32768
    return signal.resample_poly(x, RATE, rate)


def synthetic(n, r):
    """n sentences of as many talkers, ends cut."""
    out, languages = [], list(TEXTS)
    while len(out) < n:
        language = languages[r.integers(len(languages))]
        voice = language + '+' + VARIANTS[r.integers(len(VARIANTS))]
        texts = ENGLISH if r.random() < .25 else TEXTS[language]
        job = voice, r.integers(115, 200), r.integers(25, 75), texts[r.integers(len(texts))]
        if voice in KEPT:
            continue
        x = speak(*job)
        sound = np.flatnonzero(np.abs(x) > 1e-3)
        if len(x) > RATE//2 and len(sound):
            out.append(x[sound[0]:sound[-1] + 1])
    return out


def recorded(folder):
    """The files of a folder that hold speech: neither tones nor hiss."""
    out = []
    for path in sorted(glob.glob(folder + '/*.wav')):
        rate, x = wavfile.read(path)
        x = x/32768
        if rate != RATE or x.ndim > 1 or len(x) < .75*RATE or np.abs(x).max() < .01:
            continue
        f = x[:len(x)//320*320].reshape(-1, 320)
        f = f[(f**2).mean(1) > 1e-3*(f**2).mean(1).max()]
        p = np.abs(np.fft.rfft(f*np.hanning(320), axis=1))**2 + 1e-9
        if np.log(p.mean()) - np.log(p.mean(0)).mean() > 2 and np.log(p.sum(1)).std() > .9:
            out.append(x[:9*RATE])
    return out


def to_level(x):
    """Active speech at power 1; 20 ms frames within 35 dB of the loudest count."""
    p = (x[:len(x)//320*320].reshape(-1, 320)**2).mean(1)
    return x/np.sqrt(p[p > p.max()*10**-3.5].mean() + 1e-12)


def talk(pool, n, r, pauses=(.1, .9)):
    """n samples of sentences and pauses."""
    out, t, k = np.zeros(n), int(r.uniform(0, 1)*RATE) if r.random() < .7 else 0, r.integers(len(pool))
    while t < n:
        x = pool[k][:n - t]
        out[t:t + len(x)] += x*10**(r.uniform(-3, 3)/20)
        t += len(x) + int(r.uniform(*pauses)*RATE)
        k = r.integers(len(pool)) if r.random() < .7 else (k + 1) % len(pool)
    return out


# ---------------------------------------------------------------- noises, all of power 1
def unit(x): return x/np.sqrt((x**2).mean() + 1e-12)


def colour(x, r, depth):
    """Through a random smooth curve over frequency of so many dB."""
    X, k = np.fft.rfft(x), r.integers(3, 9)
    at = np.concatenate([[0], np.sort(r.random(k)), [1]])
    dB = r.normal(0, depth, k + 2) + np.cumsum(r.normal(0, depth/3, k + 2))
    return np.fft.irfft(X*10**(np.interp(np.linspace(0, 1, len(X))**.5, at, dB)/20), len(x))


def steady(n, r):
    X = np.fft.rfft(r.standard_normal(n))
    slope = r.choice([0, .25, .5, .5, .75, 1.])
    return unit(colour(unit(np.fft.irfft(X*np.arange(1., len(X) + 1)**-slope, n)), r, r.choice([0, 3, 8])))


def hum(n, r):
    x, t = steady(n, r), np.arange(n)/RATE
    phase = 2*np.pi*r.uniform(45, 400)*(t + .002*r.random()*np.sin(2*np.pi*r.uniform(.1, 2)*t))
    return unit(x + sum(r.uniform(0, .8)/h**.5*np.sin(h*phase + r.uniform(0, 6)) for h in range(1, r.integers(2, 9))))


def babble(pool, n, r):
    x = sum(talk(pool, n, r, (0, r.uniform(.1, .8)))*10**(r.uniform(-4, 4)/20) for _ in range(r.integers(3, 13)))
    if r.random() < .4:
        x = signal.fftconvolve(x, tail(.15, r.uniform(.01, .04), r))[:n]
    return unit(colour(x, r, 3) if r.random() < .5 else x)


def tail(length, decay, r):
    t = np.arange(int(length*RATE))/RATE
    return r.standard_normal(len(t))*np.exp(-t/decay)


def blow(decay, rings, coloured, r):
    """One stroke of a key: a burst that dies away, with or without a ring."""
    n = int(min(.06, 7*decay)*RATE)
    x, t = tail(n/RATE, decay*r.uniform(.7, 1.4), r), np.arange(n)/RATE
    if rings:
        x = x*.5 + np.sin(2*np.pi*r.uniform(300, 5000)*t)*np.exp(-t/(1.5*decay))
    return unit(colour(x, r, 6) if coloured else x)


def blows(n, r):
    x = 10**(-r.uniform(15, 40)/20)*steady(n, r)
    least, spread, vary = r.uniform(.04, .2), r.uniform(.2, .8), r.uniform(.3, 1)
    decay, rings, coloured = r.uniform(.0005, .006), r.random() < .5, r.random() < .5
    t = int(r.uniform(0, .3)*RATE)
    while t < n:
        s = blow(decay, rings, coloured, r)[:n - t]
        x[t:t + len(s)] += s*10**(r.normal(0, 4*vary)/20)
        t += int((r.uniform(.01, .06) if r.random() < .15 else r.uniform(least, least + spread))*RATE)
    return unit(x)


def gusts(n, r):
    k = r.integers(4, 14)
    return unit(steady(n, r)*10**(np.interp(np.linspace(0, 1, n), np.linspace(0, 1, k), r.uniform(-25, 0, k))/20))


def scattered(n, r, sound, least, most):
    """Sounds now and then: pauses between them are from least to most seconds, all as likely on a logarithmic scale."""
    x, t = 10**(-r.uniform(20, 50)/20)*steady(n, r), int(r.uniform(0, .3)*RATE)
    while t < n:
        s = sound()[:n - t]
        x[t:t + len(s)] += s*10**(r.uniform(-12, 0)/20)
        t += int(np.exp(r.uniform(np.log(least), np.log(most)))*RATE)
    return unit(x)


def rustle(n, r):
    """Paper, clothes: a jagged burst of coloured noise."""
    def sound():
        m = int(r.uniform(.02, .4)*RATE)
        k = r.integers(4, 20)
        return unit(colour(r.standard_normal(m), r, 8))*np.hanning(m)*np.interp(np.arange(m), np.linspace(0, m, k), r.random(k))
    return scattered(n, r, sound, .03, .8)


def rings(n, r):
    """Cups, glasses, coins: struck, and their partials die away each in its time."""
    low, high, decay = r.uniform(200, 2000), r.uniform(2500, 7500), r.uniform(.01, .2)

    def sound():
        t = np.arange(int(min(.6, 6*decay)*RATE))/RATE
        return sum(r.uniform(.1, 1)*np.sin(2*np.pi*r.uniform(low, high)*t)*np.exp(-t/r.uniform(.2*decay, decay)) for _ in range(r.integers(2, 8)))
    return scattered(n, r, sound, .05, 1.5)


def tune(n, r):
    """Music next door: chords of a few notes with overtones."""
    root, steps, hold = r.uniform(80, 500), r.choice([0, 2, 3, 4, 5, 7, 9, 10, 12, 14, 16], 5), r.uniform(.1, .8)

    def sound():
        t = np.arange(int(1.5*hold*RATE))/RATE
        shape = np.minimum(1, t/r.uniform(.002, .05))*np.exp(-t/r.uniform(.2*hold, 2*hold))
        notes = root*2**(r.choice(steps, r.integers(1, 4))/12)
        return sum(np.sin(2*np.pi*f*h*t)/h**1.3 for f in notes for h in range(1, 9))*shape
    return scattered(n, r, sound, .7*hold, 1.4*hold)


def chirps(n, r):
    """Squeaks, drips, birds: short sweeps."""
    low, high, long = r.uniform(150, 1500), r.uniform(1600, 6000), r.uniform(.015, .25)

    def sound():
        t = np.arange(int(r.uniform(.3, 1)*long*RATE))/RATE
        p = 2*np.pi*np.cumsum(np.interp(t, [0, t[-1] + 1e-3], r.uniform(low, high, 2)))/RATE
        return (np.sin(p) + r.random()*np.sin(2*p))*np.hanning(len(t))
    return scattered(n, r, sound, .02, .8)


def noise(pool, n, r):
    u = r.random()
    if u < .20: return steady(n, r)
    if u < .31: return hum(n, r)
    if u < .53: return babble(pool, n, r)
    if u < .73: return blows(n, r)
    for most, kind in ((.77, gusts), (.82, rustle), (.87, rings), (.90, tune), (.94, chirps)):
        if u < most: return kind(n, r)
    return unit(noise(pool, n, r) + noise(pool, n, r)*10**(-r.uniform(0, 12)/20))


# ---------------------------------------------------------------- mixtures
def pick(pools, r):
    """Who has more to say comes more often."""
    w = np.sqrt([len(p) for p in pools])
    return pools[r.choice(len(pools), p=w/w.sum())]


def talker(pools, n, r):
    """A talker of another size now and then, in a room now and then."""
    pool = pick(pools, r)
    up, down = [(7, 8), (8, 9), (1, 1), (1, 1), (9, 8), (8, 7)][r.integers(6)]
    x = talk(pool, n*down//up + 1, r)
    x = (x if up == down else signal.resample_poly(x, up, down))[:n]
    if r.random() < .25:
        x = colour(x, r, 3)
    if r.random() < .3:
        h = tail(.25, r.uniform(.01, .05), r)*10**(-r.uniform(6, 20)/20)
        h[0] += np.sqrt((h**2).sum())
        x = signal.fftconvolve(x, h)[:n]
    return to_level(x)*(r.random() < .97)


def clip(pools, seed):
    r, n = np.random.default_rng(seed), HOPS*features.HOP
    voice = talker(pools, n, r)
    below = 60 if r.random() < .07 else r.uniform(-5, 30)
    mix = voice + noise(pick(pools, r), n, r)*10**(-below/20)
    if r.random() < .4:                            # as other sample rates and telephone lines leave it
        h = signal.firwin(81, r.choice([7000, 7300, 7600, 3700], p=[.4, .3, .2, .1]), fs=RATE)
        mix, voice = signal.lfilter(h, 1, mix), signal.lfilter(h, 1, voice)
    gain = 10**(-(25 + r.normal(0, 6))/20)
    mix = np.round(mix*gain*32767)/32767
    powers = [p(v) for p in (features.power, features.newest_power) for v in (mix, voice*gain)]
    target = [np.log2(p @ features.MEANS.T/gain**2/256 + 1e-8) for p in powers]
    return features.raw(powers[0], mix).astype(np.float16), np.stack(target, -1).astype(np.float16)


def main(out, clips, seed, *folders):
    r = np.random.default_rng(int(seed))
    pools = [[to_level(x) for x in talkers] for talkers in [synthetic(900, r)] + [recorded(d) for d in folders]]
    print(*(f'{len(p)} sentences, {sum(map(len, p))/RATE:.0f} s;' for p in pools))
    made = [clip(pools, (int(seed), i)) for i in range(int(clips))]
    for name, part in zip('xy', zip(*made)):
        np.save(f'{out}.{name}.npy', np.stack(part))


if __name__ == '__main__':
    main(*sys.argv[1:])
