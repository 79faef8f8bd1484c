"""What people say to their homes: the words and sentence templates.

Tables only; generate.py draws sentences from them. A template that starts with
`!` is used in the test set alone, one with `?` in the development set alone
(that is what is watched while training and what the grammar was improved on).
`{d}` stands for a device with or without its room, `{v}` for a number.
"""


def lines(text):
    return [line.strip() for line in text.strip().splitlines()]


# Actions by what a device understands. `set`, `to_up`, ... are groups of
# templates; LABELS says which action each of them means.
ADJUST = ["set", "to_up", "to_down", "by_up", "by_down", "up", "down"]
SWITCH = ["on", "off", "query", "hold"]

# device: (groups, unit, range of numbers and their step, English words,
# English plurals, Chinese words)
DEVICES = {
    "light": (SWITCH + ADJUST, "percent", (1, 100, 1),
              ["light", "light", "lamp", "lamp", "lights", "lamps", "ceiling light", "lighting"],
              ["lights", "lamps"], ["灯", "灯", "灯光", "电灯", "吊灯", "台灯"]),
    "fan": (SWITCH + ADJUST, "percent", (5, 100, 5),
            ["fan", "fan", "ceiling fan", "fans"], ["fans"], ["风扇", "电风扇", "电扇"]),
    "heater": (SWITCH + ADJUST, "degrees", (10, 30, 1),
               ["heater", "heating", "radiator", "heaters"], ["heaters", "radiators"], ["暖气", "取暖器", "电暖气"]),
    "aircon": (SWITCH + ADJUST, "degrees", (16, 32, 1),
               ["air conditioner", "air conditioning", "ac", "air con", "aircon"], ["air conditioners"],
               ["空调", "空调", "冷气"]),
    "blinds": (["open", "close", "set", "query", "hold"], "percent", (5, 100, 5),
               ["blinds", "curtains", "curtain", "shades", "shutters"], ["blinds", "curtains", "shades"],
               ["窗帘", "窗帘", "百叶窗", "卷帘"]),
    "tv": (SWITCH + ADJUST + ["mute", "unmute", "pause"], "volume", (1, 100, 1),
           ["tv", "tv", "television", "telly"], ["tvs", "televisions"], ["电视", "电视机"]),
    "speaker": (SWITCH + ADJUST + ["mute", "unmute", "pause"], "volume", (1, 100, 1),
                ["speaker", "speakers", "stereo", "music"], ["speakers"], ["音箱", "音响", "音乐"]),
    "door": (["open", "close", "lock", "unlock", "query", "hold"], None, None,
             ["door", "door", "doors"], ["doors"], ["门", "房门"]),
    "window": (["open", "close", "lock", "unlock", "query", "hold"], None, None,
               ["window", "windows"], ["windows"], ["窗户", "窗子", "窗"]),
    "humidifier": (SWITCH + ADJUST, "percent", (30, 80, 1),
                   ["humidifier"], ["humidifiers"], ["加湿器"]),
    "purifier": (SWITCH, None, None,
                 ["air purifier", "purifier", "air cleaner"], ["air purifiers", "purifiers"],
                 ["空气净化器", "净化器"]),
    "camera": (SWITCH, None, None,
               ["camera", "cameras", "security camera"], ["cameras"], ["摄像头", "监控", "摄像机"]),
    "vacuum": (["start", "stop", "pause", "query", "hold"], None, None,
               ["vacuum", "robot vacuum", "vacuum cleaner", "robot cleaner"], ["vacuums"],
               ["扫地机器人", "扫地机", "吸尘器"]),
    "socket": (SWITCH, None, None, ["socket", "plug", "outlet", "sockets"], ["sockets", "plugs", "outlets"],
               ["插座", "插排"]),
    "kettle": (SWITCH, None, None, ["kettle", "electric kettle"], ["kettles"], ["水壶", "热水壶", "电水壶"]),
    "oven": (["on", "off", "set", "to_up", "to_down", "query", "hold"], "degrees", (100, 250, 5),
             ["oven", "oven"], ["ovens"], ["烤箱"]),
    "everything": (["on", "off"], None, None, ["everything", "all devices", "all the devices"], [],
                   ["所有设备", "全部设备", "所有电器"]),
}

# A lamp is dimmed and brightened where other things are set, turned up and down.
LABELS = {"to_up": "set", "to_down": "set", "by_up": "up", "by_down": "down"}
LIGHT_LABELS = {"to_up": "brighten", "to_down": "dim", "by_up": "up", "by_down": "down", "up": "brighten",
                "down": "dim"}

# room: (preposition, English words, Chinese words)
ROOMS = {
    "living_room": ("in", ["living room", "living room", "lounge", "sitting room"], ["客厅", "客厅", "起居室"]),
    "bedroom": ("in", ["bedroom", "bedroom", "master bedroom"], ["卧室", "卧室", "睡房", "主卧"]),
    "kitchen": ("in", ["kitchen"], ["厨房"]),
    "bathroom": ("in", ["bathroom", "bath", "restroom"], ["浴室", "卫生间", "洗手间"]),
    "study": ("in", ["study", "office", "home office"], ["书房", "办公室"]),
    "garage": ("in", ["garage"], ["车库"]),
    "hallway": ("in", ["hallway", "hall", "corridor"], ["走廊", "过道", "门厅"]),
    "dining_room": ("in", ["dining room"], ["餐厅", "饭厅"]),
    "nursery": ("in", ["nursery", "kids room", "childrens room", "baby room"], ["儿童房", "宝宝房", "婴儿房"]),
    "balcony": ("on", ["balcony"], ["阳台"]),
    "basement": ("in", ["basement", "cellar"], ["地下室"]),
    "garden": ("in", ["garden", "yard", "backyard"], ["花园", "院子"]),
}

# ---- English ---------------------------------------------------------------
# Orders: what follows "please" and "could you".
EN_ORDERS = {
    "on": lines("""turn on {d}
        turn {d} on
        switch on {d}
        switch {d} on
        put on {d}
        put {d} on
        power on {d}
        power {d} on
        get {d} on
        start {d}
        activate {d}
        enable {d}
        make sure {d} is on
        have {d} on
        get {d} powered on
        ! make sure to turn {d} on
        ! get {d} switched on
        ? get {d} turned on
        make sure you turn {d} on
        make sure that {d} is on
        see that {d} is on
        turn {d} back on
        get {d} running
        have {d} turned on
        have {d} switched on"""),
    "off": lines("""turn off {d}
        turn {d} off
        switch off {d}
        switch {d} off
        shut off {d}
        shut {d} off
        power off {d}
        power {d} off
        shut down {d}
        kill {d}
        stop {d}
        deactivate {d}
        disable {d}
        make sure {d} is off
        get {d} off
        get {d} switched off
        get {d} powered off
        ! make sure to switch {d} off
        ! get {d} turned off
        ? have {d} off
        make sure you turn {d} off
        make sure that {d} is off
        see that {d} is off
        have {d} turned off
        have {d} switched off"""),
    "open": lines("""open {d}
        open up {d}
        get {d} open
        pull {d} open
        make sure {d} is open
        have {d} open
        ! make sure to open {d}
        ? go and open {d}
        make sure you open {d}
        make sure that {d} is open
        have {d} opened
        get {d} opened
        see that {d} is open
        push {d} open"""),
    "close": lines("""close {d}
        shut {d}
        pull {d} shut
        get {d} closed
        make sure {d} is closed
        have {d} closed
        ! make sure to close {d}
        ? go and close {d}
        make sure you close {d}
        make sure that {d} is closed
        see that {d} is closed
        have {d} shut
        push {d} shut"""),
    "lock": lines("""lock {d}
        lock up {d}
        make sure {d} is locked
        get {d} locked
        ! make sure to lock {d}
        ? have {d} locked
        make sure you lock {d}
        make sure that {d} is locked
        see that {d} is locked
        put the lock on {d}"""),
    "unlock": lines("""unlock {d}
        make sure {d} is unlocked
        get {d} unlocked
        ! make sure to unlock {d}
        ? have {d} unlocked
        make sure you unlock {d}
        make sure that {d} is unlocked
        see that {d} is unlocked
        undo the lock of {d}"""),
    "start": lines("""start {d}
        run {d}
        turn on {d}
        turn {d} on
        switch on {d}
        send out {d}
        get {d} going
        let {d} clean
        have {d} clean
        ! make sure to start {d}
        ? get {d} started
        make sure you start {d}
        have {d} started
        make {d} start
        get {d} to start
        get {d} to clean"""),
    "stop": lines("""stop {d}
        turn off {d}
        turn {d} off
        switch off {d}
        halt {d}
        make {d} stop
        get {d} to stop
        ! make sure to stop {d}
        ? have {d} stop
        make sure you stop {d}
        bring {d} to a stop
        have {d} stopped
        let {d} stop"""),
    "pause": lines("""pause {d}
        put {d} on pause
        hold on with {d} for a moment
        have {d} pause
        make {d} pause
        ! make sure to pause {d}
        ? get {d} to pause
        make sure you pause {d}
        have {d} paused
        get {d} paused
        let {d} pause"""),
    "mute": lines("""mute {d}
        silence {d}
        make {d} silent
        put {d} on mute
        turn the sound of {d} off
        turn off the sound of {d}
        ! make sure to mute {d}
        ? get {d} muted
        make sure you mute {d}
        have {d} muted
        get {d} silent"""),
    "unmute": lines("""unmute {d}
        take {d} off mute
        turn the sound of {d} on
        turn on the sound of {d}
        turn the sound of {d} back on
        give {d} its sound back
        ! make sure to unmute {d}
        ? get {d} unmuted
        make sure you unmute {d}
        have {d} unmuted
        undo the mute of {d}"""),
    "set": lines("""set {d} to {v}
        set {d} at {v}
        put {d} at {v}
        put {d} on {v}
        change {d} to {v}
        make {d} {v}
        adjust {d} to {v}
        set {d} {v}
        bring {d} to {v}
        set the level of {d} to {v}
        ! change the level of {d} to {v}
        ! get {d} to {v}
        ? have {d} at {v}
        make sure {d} is at {v}
        make sure you set {d} to {v}
        see that {d} is at {v}
        change the setting of {d} to {v}
        get {d} set to {v}
        have {d} set to {v}
        turn {d} to {v}
        move {d} to {v}
        have {d} go to {v}
        put the level of {d} at {v}
        adjust the level of {d} to {v}"""),
    "to_up": lines("""turn {d} up to {v}
        turn up {d} to {v}
        raise {d} to {v}
        increase {d} to {v}
        bring {d} up to {v}
        ! get {d} up to {v}
        ? put {d} up to {v}
        push {d} up to {v}
        move {d} up to {v}
        take {d} up to {v}
        bring up {d} to {v}"""),
    "to_down": lines("""turn {d} down to {v}
        turn down {d} to {v}
        lower {d} to {v}
        reduce {d} to {v}
        bring {d} down to {v}
        ! get {d} down to {v}
        ? put {d} down to {v}
        push {d} down to {v}
        move {d} down to {v}
        take {d} down to {v}
        bring down {d} to {v}"""),
    "by_up": lines("""turn {d} up by {v}
        turn up {d} by {v}
        raise {d} by {v}
        increase {d} by {v}
        turn {d} {v} up
        bring {d} up by {v}
        ! get {d} up by {v}
        ? put {d} up by {v}
        push {d} up by {v}
        move {d} up by {v}
        take {d} up by {v}
        bring up {d} by {v}"""),
    "by_down": lines("""turn {d} down by {v}
        turn down {d} by {v}
        lower {d} by {v}
        reduce {d} by {v}
        turn {d} {v} down
        bring {d} down by {v}
        ! get {d} down by {v}
        ? put {d} down by {v}
        push {d} down by {v}
        move {d} down by {v}
        take {d} down by {v}
        bring down {d} by {v}"""),
    "up": lines("""turn {d} up
        turn up {d}
        turn {d} up a bit
        turn up {d} a little
        raise {d}
        increase {d}
        put {d} up
        ! bring {d} up a little
        ? turn {d} up a little
        bring {d} up
        bring {d} up a bit
        raise {d} a bit
        raise {d} a little
        push {d} up a little
        increase {d} a little
        take {d} up a bit"""),
    "down": lines("""turn {d} down
        turn down {d}
        turn {d} down a bit
        turn down {d} a little
        lower {d}
        reduce {d}
        put {d} down
        ! bring {d} down a little
        ? turn {d} down a little
        bring {d} down
        bring {d} down a bit
        lower {d} a bit
        lower {d} a little
        push {d} down a little
        reduce {d} a little
        take {d} down a bit"""),
}
# What only some devices are told, in addition: (group, unit or device).
EN_SPECIAL = {
    ("to_up", "light"): lines("brighten {d} to {v}\nmake {d} brighter up to {v}\nbrighten up {d} to {v}"
              "\nmake {d} brighter to {v}\nget {d} brightened to {v}"),
    ("to_down", "light"): lines("dim {d} to {v}\ndim {d} down to {v}\n! make {d} dimmer down to {v}"
              "\nmake {d} darker down to {v}\nmake {d} dimmer to {v}\nget {d} dimmed to {v}"),
    ("by_up", "light"): lines("brighten {d} by {v}\nmake {d} {v} brighter"),
    ("by_down", "light"): lines("dim {d} by {v}\nmake {d} {v} dimmer\nmake {d} {v} darker"),
    ("up", "light"): lines("brighten {d}\nmake {d} brighter\nmake {d} a bit brighter\n! brighten {d} a little"
              "\nbrighten {d} a bit\nbrighten up {d} a little\nmake {d} a little brighter"),
    ("down", "light"): lines("dim {d}\nmake {d} dimmer\nmake {d} a bit darker\n! dim {d} a little"
              "\ndim {d} a bit\ndim {d} down a little\nmake {d} a little dimmer"
              "\nmake {d} a little darker"),
    ("set", "light"): lines("set the brightness of {d} to {v}\nset {d} to {v} brightness\n"
                            "! change the brightness of {d} to {v}"
              "\nadjust the brightness of {d} to {v}\nput the brightness of {d} at {v}"),
    ("set", "degrees"): lines("set the temperature of {d} to {v}\nheat {d} to {v}\n"
                              "! change the temperature of {d} to {v}"
              "\nadjust the temperature of {d} to {v}\nput the temperature of {d} at {v}"),
    ("up", "degrees"): lines("make {d} warmer\nmake {d} a bit warmer\nmake {d} hotter"
              "\nmake {d} a little warmer"),
    ("down", "degrees"): lines("make {d} cooler\nmake {d} a bit cooler\nmake {d} colder"
              "\nmake {d} a little cooler"),
    ("set", "volume"): lines("set the volume of {d} to {v}\nset {d} volume to {v}\n"
                             "! change the volume of {d} to {v}"
              "\nadjust the volume of {d} to {v}\nput the volume of {d} at {v}"),
    ("up", "volume"): lines("make {d} louder\nturn up the volume of {d}\nturn the volume of {d} up\n"
                            "! make {d} a little louder"
              "\nmake {d} a bit louder\nraise the volume of {d}"),
    ("down", "volume"): lines("make {d} quieter\nturn down the volume of {d}\nturn the volume of {d} down\n"
                              "! make {d} a little quieter"
              "\nmake {d} a bit quieter\nlower the volume of {d}"),
    ("set", "blinds"): lines("open {d} to {v}\nclose {d} to {v}\n! open up {d} to {v}"
              "\nopen {d} up to {v}\npull {d} to {v}"),
    ("on", "kettle"): lines("boil {d}\nput {d} on to boil"),
    ("on", "speaker"): lines("play {d}\nresume {d}"),
    ("on", "oven"): lines("preheat {d}\nheat up {d}"),
}
# Whole sentences, for which "please" is good but "could you" is not.
EN_SAYINGS = {
    "on": lines("""i want {d} on
        i need {d} on
        i would like {d} on
        {d} on
        {d} should be on
        {d} needs to be on
        {d} has to be on
        let there be {d}
        ! i would like {d} to be on
        ? i need {d} to be on
        i want {d} to be on
        i would love {d} on
        i would like to have {d} on
        {d} must be on
        {d} ought to be on"""),
    "off": lines("""i want {d} off
        i need {d} off
        {d} off
        {d} should be off
        {d} needs to be off
        {d} has to be off
        no more {d}
        i am done with {d}
        ! i would like {d} to be off
        ? i need {d} to be off
        i want {d} to be off
        i would love {d} off
        i would like to have {d} off
        {d} must be off
        {d} ought to be off"""),
    "open": lines("i want {d} open\n{d} open\n{d} needs to be open\n{d} should be open\n! i would like {d} to be open"
              "\ni want {d} to be open\ni would love {d} open\ni would like to have {d} open"
              "\n{d} must be open\ni need {d} open"),
    "close": lines("i want {d} closed\n{d} closed\n{d} needs to be closed\n{d} should be closed\n! i would like {d} to be closed"
              "\ni want {d} to be closed\ni would love {d} closed"
              "\ni would like to have {d} closed\n{d} must be closed\ni need {d} closed"),
    "lock": lines("i want {d} locked\n{d} needs to be locked\n{d} should be locked\n! i would like {d} to be locked"
              "\ni want {d} to be locked\ni would love {d} locked"
              "\ni would like to have {d} locked\n{d} must be locked\ni need {d} locked"),
    "unlock": lines("i want {d} unlocked\n{d} needs to be unlocked\n{d} should be unlocked\n! i would like {d} to be unlocked"
              "\ni want {d} to be unlocked\ni would love {d} unlocked"
              "\ni would like to have {d} unlocked\n{d} must be unlocked\ni need {d} unlocked"),
    "set": lines("i want {d} at {v}\n{d} needs to be at {v}\n{d} to {v}\n{d} at {v}\n{d} {v}\n{d} should be at {v}\n"
                 "! i would like {d} to be at {v}\n? i need {d} at {v}"
              "\ni want {d} to be at {v}\ni would like {d} at {v}\n{d} must be at {v}"
              "\ni want to have {d} at {v}"),
    "mute": lines("i want {d} muted\n{d} should be muted\n{d} needs to be muted"),
    "unmute": lines("i want {d} unmuted\n{d} should be unmuted\n{d} needs to be unmuted"),
    "pause": lines("{d} should pause\ni want {d} to pause\ntell {d} to pause"),
    "stop": lines("{d} should stop\ni want {d} to stop\ntell {d} to stop"),
    "start": lines("{d} should start\ni want {d} to start\ntell {d} to start"),
    "up": lines("{d} up\ni want {d} up a bit\n{d} up a little"),
    "down": lines("{d} down\ni want {d} down a bit\n{d} down a little"),
    "query": lines("""is {d} on
        is {d} off
        what is the state of {d}
        what is {d} doing
        what is {d} set to
        how is {d}
        tell me the state of {d}
        did i leave {d} on
        check {d}
        check if {d} is on
        tell me if {d} is off
        tell me what {d} is doing
        i want to know what {d} is set to
        did i turn off {d}
        ! tell me what {d} is set to
        ! did i turn {d} on
        ? check what {d} is doing
        let me know if {d} is on
        tell me how {d} is
        let me know what {d} is set to
        find out if {d} is on
        did i switch {d} on
        did i switch off {d}
        tell me if {d} is on"""),
    "hold": lines("""leave {d} as it is
        leave {d} alone
        keep {d} as it is
        do not touch {d}
        dont touch {d}
        dont change {d}
        do not change anything about {d}
        {d} stays as it is
        i like {d} the way it is
        {d} is fine the way it is
        {d} is good as it is
        ! keep {d} the way it is
        ? leave {d} the way it is
        keep {d} like it is
        leave {d} like it is
        leave {d} just as it is
        let {d} be as it is"""),
}
# What a closed or locked thing is asked.
EN_QUERY_OPEN = lines("""is {d} open
    is {d} closed
    did i close {d}
    check if {d} is closed
    tell me if {d} is open
    did i leave {d} open
    ! did i leave {d} closed
    tell me if {d} is closed
    check if {d} is open
    did i open {d}
    let me know if {d} is closed
    did i leave {d} unlocked""")
# Before an order that is not to be carried out: the answer is `hold`.
EN_NOT = lines("""dont
    do not
    don't
    please dont
    please do not
    never
    i dont want you to
    there is no need to
    no need to
    you should not
    you dont have to
    i told you not to
    better not
    please never
    ! you do not have to
    ! i do not want you to
    ? you do not need to
    you need not
    i do not need you to
    do not ever
    you must not
    there is no reason to
    you do not ever have to""")
EN_BEFORE = lines("""please
    can you
    could you
    could you please
    can you please
    would you
    will you
    would you please
    i want you to
    i need you to
    i would like you to
    go ahead and
    id like you to
    would you mind to
    be so kind and
    hey can you
    just
    quickly
    ! would you be so kind and
    ! i would like you to please
    ? can you just
    would you kindly
    be so good and
    could you just
    i want you to please
    would you please just
    i would like you to just""")
EN_AFTER = lines("""please
    thanks
    thank you
    for me
    now
    right now
    will you
    would you
    if you can
    for me please
    right away
    ok
    already
    ! for me now
    ! right now please
    ? now please
    for me right now
    now thanks
    right away please
    ok thanks
    please right now""")
EN_FILLERS = ["um", "uh", "er", "hey", "ok", "okay", "so", "well", "hi", "hmm", "oh", "computer", "hey house", "listen",
              "alright", "yeah", "yo", "you know", "like", "actually", "hello"]
EN_UNITS = {"percent": [" percent", " percent", "%", " per cent", ""],
            "degrees": [" degrees", " degrees", " degrees celsius", " c", ""],
            "volume": ["", "", " percent", "%"]}

# ---- Chinese ---------------------------------------------------------------
ZH_ORDERS = {
    "on": lines("""打开{d}
        把{d}打开
        开{d}
        开一下{d}
        把{d}开一下
        开启{d}
        把{d}开开
        将{d}打开
        启动{d}
        让{d}开着
        ! 将{d}开启
        ! 把{d}给打开
        ? 把{d}启动
        把{d}给开了
        将{d}开开
        把{d}开起来
        让{d}打开"""),
    "off": lines("""关掉{d}
        把{d}关掉
        关{d}
        关上{d}
        把{d}关了
        关闭{d}
        关一下{d}
        把{d}关一下
        将{d}关闭
        停掉{d}
        让{d}关着
        ! 将{d}关掉
        ! 把{d}给关掉
        ? 把{d}关闭
        把{d}给关了
        将{d}关了
        将{d}关上
        让{d}关掉"""),
    "open": lines("打开{d}\n把{d}打开\n开{d}\n拉开{d}\n把{d}拉开\n把{d}开开\n将{d}打开\n! 把{d}给打开\n? 将{d}拉开"
              "\n将{d}开开\n把{d}给拉开\n让{d}打开"),
    "close": lines("关上{d}\n把{d}关上\n关{d}\n拉上{d}\n把{d}拉上\n关闭{d}\n把{d}关好\n将{d}关上\n! 把{d}给关上\n? 将{d}关好"
              "\n把{d}给关好\n将{d}拉上\n让{d}关上"),
    "lock": lines("锁上{d}\n把{d}锁上\n锁{d}\n把{d}锁好\n锁一下{d}\n! 将{d}锁上\n? 将{d}锁好"
              "\n把{d}给锁上\n将{d}锁一下"),
    "unlock": lines("解锁{d}\n把{d}解锁\n打开{d}的锁\n把{d}的锁打开\n开{d}的锁\n! 将{d}解锁\n? 将{d}的锁打开"
              "\n把{d}给解锁\n把{d}的锁解开\n将{d}的锁解开"),
    "start": lines("启动{d}\n打开{d}\n把{d}打开\n让{d}开始打扫\n开始用{d}打扫\n让{d}工作\n叫{d}去打扫\n! 将{d}启动\n? 让{d}去打扫"
              "\n把{d}启动\n将{d}打开\n让{d}开始工作\n让{d}打扫一下"),
    "stop": lines("停止{d}\n关掉{d}\n把{d}关掉\n让{d}停下\n让{d}停止打扫\n叫{d}停下\n! 将{d}停下\n? 让{d}停止工作"
              "\n将{d}停止\n把{d}停下\n让{d}停下来"),
    "pause": lines("暂停{d}\n把{d}暂停\n让{d}暂停\n让{d}先停一会\n! 将{d}暂停\n? 让{d}暂停一会"
              "\n将{d}先停一会\n让{d}停一会\n把{d}先暂停"),
    "mute": lines("把{d}静音\n{d}静音\n让{d}静音\n关掉{d}的声音\n把{d}的声音关掉\n! 将{d}静音\n? 将{d}的声音关掉"
              "\n把{d}调成静音\n给{d}静音\n将{d}的声音关了"),
    "unmute": lines("取消{d}静音\n把{d}的静音取消\n打开{d}的声音\n把{d}的声音打开\n恢复{d}的声音\n! 将{d}的静音取消\n"
                    "? 将{d}的声音打开"
              "\n把{d}的声音恢复\n将{d}取消静音\n将{d}的静音关掉"),
    "set": lines("""把{d}调到{v}
        {d}调到{v}
        将{d}调到{v}
        把{d}设为{v}
        {d}设为{v}
        把{d}设置成{v}
        把{d}设定为{v}
        把{d}开到{v}
        让{d}保持{v}
        ! 将{d}设为{v}
        ! 将{d}设置成{v}
        ? 将{d}开到{v}
        将{d}调成{v}
        将{d}设定为{v}
        将{d}设成{v}
        把{d}设成{v}
        把{d}调成{v}"""),
    "to_up": lines("把{d}调高到{v}\n{d}调高到{v}\n把{d}升到{v}\n把{d}提高到{v}\n! 将{d}调高到{v}\n? 将{d}升到{v}"
              "\n将{d}升高到{v}\n将{d}提高到{v}"),
    "to_down": lines("把{d}调低到{v}\n{d}调低到{v}\n把{d}降到{v}\n把{d}降低到{v}\n! 将{d}调低到{v}\n? 将{d}降到{v}"
              "\n将{d}降低到{v}\n将{d}减到{v}"),
    "by_up": lines("把{d}调高{v}\n{d}调高{v}\n把{d}提高{v}\n把{d}升高{v}\n! 将{d}调高{v}\n? 将{d}提高{v}"
              "\n将{d}升高{v}\n将{d}增加{v}"),
    "by_down": lines("把{d}调低{v}\n{d}调低{v}\n把{d}降低{v}\n把{d}减少{v}\n! 将{d}调低{v}\n? 将{d}降低{v}"
              "\n将{d}减少{v}\n将{d}减小{v}"),
    "up": lines("把{d}调高\n把{d}调高一点\n{d}调高一点\n调高{d}\n把{d}开大一点\n! 将{d}调高一点\n? 将{d}开大一点"
              "\n将{d}调高\n将{d}升高一点\n把{d}升高一点"),
    "down": lines("把{d}调低\n把{d}调低一点\n{d}调低一点\n调低{d}\n把{d}关小一点\n! 将{d}调低一点\n? 将{d}关小一点"
              "\n将{d}调低\n将{d}降低一点\n把{d}降低一点"),
}
ZH_SPECIAL = {
    ("to_up", "light"): lines("把{d}调亮到{v}\n{d}调亮到{v}\n! 将{d}调亮到{v}"),
    ("to_down", "light"): lines("把{d}调暗到{v}\n{d}调暗到{v}\n! 将{d}调暗到{v}"),
    ("by_up", "light"): lines("把{d}调亮{v}\n{d}调亮{v}"),
    ("by_down", "light"): lines("把{d}调暗{v}\n{d}调暗{v}"),
    ("up", "light"): lines("把{d}调亮\n把{d}调亮一点\n{d}亮一点\n让{d}亮一点\n调亮{d}\n! 将{d}调亮一点"
              "\n将{d}调亮\n把{d}弄亮一点"),
    ("down", "light"): lines("把{d}调暗\n把{d}调暗一点\n{d}暗一点\n让{d}暗一点\n调暗{d}\n! 将{d}调暗一点"
              "\n将{d}调暗\n把{d}弄暗一点"),
    ("set", "light"): lines("把{d}的亮度调到{v}\n{d}亮度{v}\n! 将{d}的亮度设为{v}"
              "\n将{d}的亮度调到{v}\n把{d}的亮度设为{v}"),
    ("set", "degrees"): lines("把{d}的温度调到{v}\n{d}温度{v}\n! 将{d}的温度设为{v}"
              "\n将{d}的温度调到{v}\n把{d}的温度设为{v}"),
    ("set", "volume"): lines("把{d}的音量调到{v}\n{d}音量{v}\n! 将{d}的音量设为{v}"
              "\n将{d}的音量调到{v}\n把{d}的音量设为{v}"),
    ("up", "volume"): lines("{d}大声一点\n把{d}的音量调高\n把{d}的声音开大\n! 将{d}的声音调高"
              "\n将{d}的音量调高\n把{d}的声音调高\n让{d}大声一点"),
    ("down", "volume"): lines("{d}小声一点\n把{d}的音量调低\n把{d}的声音关小\n! 将{d}的声音调低"
              "\n将{d}的音量调低\n把{d}的声音调低\n让{d}小声一点"),
    ("set", "blinds"): lines("把{d}拉开到{v}\n{d}打开{v}\n! 将{d}打开到{v}"
              "\n将{d}拉开到{v}\n把{d}打开到{v}"),
    ("on", "kettle"): lines("用{d}烧水\n让{d}烧水"),
    ("on", "speaker"): lines("播放{d}\n继续播放{d}"),
    ("on", "oven"): lines("预热{d}\n把{d}预热"),
}
ZH_SAYINGS = {
    "on": lines("我要开{d}\n我想打开{d}\n{d}打开\n我需要{d}开着\n! 我需要打开{d}"
              "\n我需要开{d}\n我要打开{d}\n我想要{d}开着"),
    "off": lines("我要关{d}\n我想关掉{d}\n{d}关掉\n{d}关了\n不需要{d}了\n! 我需要关掉{d}"
              "\n我需要关{d}\n我要关掉{d}\n我想要{d}关着"),
    "open": lines("我要开{d}\n我想打开{d}\n{d}打开\n! 我需要打开{d}"
              "\n我需要开{d}\n我要打开{d}"),
    "close": lines("我要关{d}\n我想关上{d}\n{d}关上\n! 我需要关上{d}"
              "\n我需要关{d}\n我要关上{d}"),
    "lock": lines("我要锁{d}\n{d}锁上\n! 我需要锁上{d}"
              "\n我需要锁{d}\n我要锁上{d}"),
    "set": lines("我要{d}{v}\n{d}{v}\n我想把{d}调到{v}\n! 我需要{d}{v}"
              "\n我需要{d}到{v}\n我想要{d}{v}\n{d}需要{v}"),
    "query": lines("""{d}开着吗
        {d}关了吗
        {d}开了没有
        {d}现在怎么样
        {d}是什么状态
        查一下{d}的状态
        看看{d}有没有关
        告诉我{d}的状态
        {d}关好了吗
        ! 看看{d}的状态
        ! 告诉我{d}开着吗
        ? 查一下{d}有没有关
        告诉我{d}开了没有
        看一下{d}的状态
        看看{d}开着没有
        {d}开没开"""),
    "hold": lines("""别动{d}
        不要动{d}
        {d}保持不变
        {d}不用管
        {d}别动
        让{d}保持原样
        ! {d}保持原样
        ? 让{d}保持不变
        {d}别管
        让{d}保持现状
        {d}就这样不变"""),
}
ZH_QUERY_OPEN = lines("{d}开着吗\n{d}关好了吗\n{d}锁了吗\n{d}有没有关好\n看看{d}有没有关\n! 告诉我{d}关好了吗"
                      "\n告诉我{d}关了没有\n{d}关没关好\n看看{d}锁了吗")
ZH_NOT = lines("""别
    不要
    不用
    先别
    先不要
    千万别
    请不要
    请别
    不必
    没必要
    我不想
    不许
    ! 请先别
    ! 千万不要
    ? 请先不要
    请你别
    你别
    不可以
    先不用
    千万不能""")
ZH_BEFORE = lines("""请
    麻烦
    麻烦你
    帮我
    请帮我
    麻烦帮我
    给我
    能不能
    可以
    你能
    能帮我
    帮忙
    我想让你
    我要你
    快
    现在
    马上
    赶紧
    ! 麻烦请帮我
    ! 现在请
    ? 麻烦你帮我
    麻烦请
    请你帮我
    现在帮我
    请现在
    麻烦现在""")
ZH_AFTER = lines("""吧
    谢谢
    好吗
    可以吗
    行吗
    啊
    好不好
    吧谢谢
    谢谢你
    谢谢啦
    ! 好吗谢谢
    ? 可以吗谢谢
    好吗谢谢你
    行吗谢谢
    吧好吗
    谢谢了""")
ZH_FILLERS = ["嗯", "呃", "那个", "哎", "喂", "你好", "小管家", "嘿", "这个", "好", "啊", "就是", "对了", "哦", "那么"]

# What a speech recogniser writes for words that sound alike.
ZH_SLIPS = [("客厅", "客听"), ("卧室", "卧式"), ("厨房", "除房"), ("空调", "空条"), ("窗帘", "窗连"), ("打开", "打凯"),
            ("关掉", "关调"), ("电视", "电是"), ("阳台", "洋台"), ("的", "得"), ("的", "地"), ("音箱", "音像"),
            ("风扇", "风善"), ("走廊", "走郎"), ("车库", "车裤"), ("书房", "书防"), ("净化器", "净化其"), ("插座", "插做"),
            ("百分之", "百分只"), ("分钟", "分中"), ("加湿器", "加湿其"), ("把", "吧"), ("麻烦", "麻凡"), ("烤箱", "考箱"),
            ("餐厅", "参厅"), ("花园", "花圆"), ("暖气", "暖汽"), ("窗户", "窗互"), ("水壶", "水胡"), ("摄像头", "摄象头")]
